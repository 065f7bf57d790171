"""`finloom tools`: the environments of the outside tools, built by uv from their lock files, whole or not at all.

An environment is built in a folder beside its place and moved there when it is complete and as locked; only then is
it found. Whatever ends an installation early, the next one starts a fresh folder from the packages in uv's cache.
"""

import fcntl
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from packaging.requirements import Requirement
from pydantic import BaseModel, ConfigDict, Field

from infra.uv import UvProblem, run_uv, uv_environment
from tasks.runtime import tools
from tasks.runtime.tools import MARKER, Marker, Tool, ToolProblem, Variant, find_tool

Report = Callable[[str], None]
Condition = Literal["installed", "absent", "wrong"]

HEARTBEAT_SECONDS = 15.0
GIB = 2**30
CUDA_GIB = 3.8
"""What the registry's build of torch takes beyond a CPU build: CUDA's libraries."""

STEPS = re.compile(r"\s*(Resolved|Prepared|Installed|Downloading \S+ \((\d{3,}\S*MiB|\S+GiB)\))")
"""What uv says that is worth a line: its stages, and packages of 100 MiB and more."""


class Recipe(BaseModel):
    """`infra/tools/NAME/tool.yaml`: what the lock files beside it do not say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    gib: dict[Variant, float] = Field(description="About the disk space of the environment.")
    sources: tuple[str, ...] = Field(
        (), description="Packages that come as source distributions; all others must be wheels."
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a tool on this machine.

    Attributes:
        condition: "wrong" is an environment that is there but is not what the project has locked.
        variant: Of the environment that is there, else of the one that would be installed.
        pin: The tool's own package and version.
        gib: About the disk space it takes.
        problem: What is wrong, in one sentence; empty where nothing is.
    """

    name: str
    title: str
    condition: Condition
    variant: Variant
    pin: str
    gib: float
    problem: str


def look(name: str, preferred: Variant = "cpu") -> Found:
    """What there is of a tool, asking no program.

    Raises:
        ToolProblem: there is no such tool.
    """
    marker = tools.read_marker(tools.tools_folder() / name)
    lock = tools.lock_file(name, marker.variant if marker else preferred)
    variant = _variant(lock)
    recipe = read_recipe(name)
    condition: Condition = "installed" if marker else "absent"
    problem = ""
    try:
        find_tool(name)
    except ToolProblem as error:
        condition, problem = ("wrong" if marker else "absent"), str(error)
    return Found(name, recipe.title, condition, variant, _pin(name, variant), recipe.gib[variant], problem)


def read_recipe(name: str) -> Recipe:
    """The `tool.yaml` of a tool."""
    return Recipe.model_validate(yaml.safe_load((tools.REQUIREMENTS / name / "tool.yaml").read_text()))


def best_variant() -> Variant:
    """`gpu` where nvidia-smi shows a GPU, else `cpu`."""
    try:
        found = subprocess.run(["nvidia-smi", "-L"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "cpu"
    return "gpu" if found.returncode == 0 and b"GPU " in found.stdout else "cpu"


def install(
    name: str, variant: Variant | None = None, wheelhouse: Path | None = None, report: Report = print
) -> Tool:
    """Build a tool's environment, unless it is there as locked; safe to repeat, also after kill -9.

    Args:
        name: The tool, a folder of infra/tools.
        variant: Which lock file; None takes the GPU's where this machine has a GPU.
        wheelhouse: A folder of wheels to take everything from, without the network.
        report: Takes lines for a person.

    Raises:
        ToolProblem: it cannot be installed; what was there before still is.
    """
    lock = tools.lock_file(name, variant or best_variant())
    with _alone(name, report):
        if found := _current(name, lock):
            report(f"{name}: already installed at {found.folder}")
            return found
        folder, building = tools.tools_folder() / name, _beside(name, "building")
        marker = Marker(variant=_variant(lock), lock=tools.digest(lock))
        gib = _gib(name, lock, wheelhouse)
        _check_room(name, gib)
        _discard(building)
        try:
            _build(name, lock, building, wheelhouse, _Progress(name, gib, report))
        except UvProblem as error:
            raise ToolProblem(f"the {name} environment could not be installed: {error}") from error
        if wrong := [str(one) for one in tools.mismatches(building, tools.read_pins(lock))]:
            raise ToolProblem(
                f"the {name} environment was built with {', '.join(wrong[:3])}; nothing was installed"
            )
        (building / MARKER).write_text(marker.model_dump_json())
        _replace(folder, building, _beside(name, "old"))
    return find_tool(name)


def remove(name: str, report: Report = print) -> bool:
    """Delete a tool's environment and what an installation left; returns whether there was anything.

    Raises:
        ToolProblem: there is no such tool.
    """
    tools.lock_file(name, "cpu")
    folder, old = tools.tools_folder() / name, _beside(name, "old")
    with _alone(name, report):
        leftovers = [path for path in (folder, old, _beside(name, "building")) if path.exists()]
        _discard(old)
        if folder.exists():
            folder.rename(old)
        _discard(old)
        _discard(_beside(name, "building"))
    return bool(leftovers)


class _Progress:
    """Lines for a person while uv works: what it says, and now and then how long and how much."""

    def __init__(self, name: str, gib: float, report: Report) -> None:
        self._name, self._gib, self._report = name, gib, report
        self._folder = tools.tools_folder()
        self._start = self._last = time.monotonic()
        self._free = shutil.disk_usage(self._folder).free
        report(f"{name}: about {gib:g} GiB to install, {self._free / GIB:.1f} GiB free at {self._folder}")

    def line(self, text: str) -> None:
        """Pass on a line of uv's where it is about its progress; its errors come as one sentence."""
        if STEPS.match(text):
            self._say(text.strip())

    def tick(self) -> None:
        """Say how far it is, where nothing was said for a while."""
        if time.monotonic() - self._last >= HEARTBEAT_SECONDS:
            self._say("working")

    def _say(self, text: str) -> None:
        self._last = time.monotonic()
        written = max(0, self._free - shutil.disk_usage(self._folder).free) / GIB
        self._report(
            f"{self._name}: {text} ({self._last - self._start:.0f} s, {written:.1f} of about {self._gib:g} GiB)"
        )


def _build(name: str, lock: Path, folder: Path, wheelhouse: Path | None, progress: _Progress) -> None:
    """Make the environment; relocatable, since it is moved when it is complete."""
    # A GPU's lock holds checksums of the registry's CUDA builds; a CPU wheel on disk would be preferred to them.
    variables = uv_environment(find_links=_variant(lock) == "cpu" and wheelhouse is None)
    venv = ["venv", "--quiet", "--relocatable", "--no-project", "--python", sys.executable, str(folder)]
    run_uv(venv, variables, progress.line, progress.tick)
    overrides = lock.with_name(f"{lock.stem}-overrides.txt")
    arguments = ["pip", "install", "--python", str(folder / "bin" / "python"), "--only-binary", ":all:"]
    if overrides.is_file():
        arguments += ["--overrides", str(overrides)]
    if wheelhouse is not None:
        arguments += ["--no-index", "--find-links", str(wheelhouse), "--no-verify-hashes"]
    else:
        arguments += [f"--no-binary={package}" for package in read_recipe(name).sources]
    run_uv([*arguments, "--requirements", str(lock)], variables, progress.line, progress.tick)


def _current(name: str, lock: Path) -> Tool | None:
    """The environment that is there, where it is the one that this lock file describes."""
    try:
        found = find_tool(name)
    except ToolProblem:
        return None
    return found if found.variant == _variant(lock) else None


def _gib(name: str, lock: Path, wheelhouse: Path | None) -> float:
    """About the disk space that an environment takes; more where torch can only come from the registry."""
    variant = _variant(lock)
    on_disk = wheelhouse or uv_environment(find_links=True).get("UV_FIND_LINKS")
    with_cuda = variant == "cpu" and not on_disk and "torch" in tools.read_pins(lock)
    return read_recipe(name).gib[variant] + (CUDA_GIB if with_cuda else 0)


def _check_room(name: str, wanted: float) -> None:
    folder = tools.tools_folder()
    free = shutil.disk_usage(folder).free / GIB
    if free < wanted:
        raise ToolProblem(
            f"the {name} environment needs about {wanted:g} GiB and {folder} has {free:.1f} GiB free: "
            "make room, or set FINLOOM_TOOLS to a folder on a larger disk"
        )


@contextmanager
def _alone(name: str, report: Report) -> Iterator[None]:
    """One installation or removal of a tool at a time."""
    path = _beside(name, "lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"{name}: waiting for another `finloom tools` that works on it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _replace(folder: Path, building: Path, old: Path) -> None:
    _discard(old)
    with suppress(FileNotFoundError):
        folder.rename(old)
    building.rename(folder)
    _discard(old)


def _discard(folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _beside(name: str, what: str) -> Path:
    return tools.tools_folder() / f".{name}.{what}"


def _variant(lock: Path) -> Variant:
    return "gpu" if lock.stem == "gpu" else "cpu"


def _pin(name: str, variant: Variant) -> str:
    """The first requirement of a tool's `.in` file, which is the tool itself: its name and version."""
    lines = (tools.REQUIREMENTS / name / f"{variant}.in").read_text().splitlines()
    first = Requirement(next(line for line in lines if line and not line.startswith("#")))
    return f"{first.name} {str(first.specifier).removeprefix('==')}"
