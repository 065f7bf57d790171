"""The environments of the outside tools (ms-swift, verl, vLLM, ...), each apart because their pins conflict.

`finloom tools install NAME` builds one from `infra/tools/NAME/` and writes its marker last: a folder without a
marker is not installed. A tool is found only while it is what the project has locked, so that a step never runs with
other versions than those its cache key names.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict, ValidationError

from blocks.home import CHECKOUT, home

Variant = Literal["cpu", "gpu"]

REQUIREMENTS = CHECKOUT / "infra" / "tools"
"""One folder a tool, with `cpu.txt` and, where a GPU needs other packages, `gpu.txt`."""

MARKER = "finloom.json"
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


class ToolProblem(RuntimeError):
    """A tool cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Tool:
    """An installed environment: its programs, and the sha256 of the lock file that it was installed from."""

    name: str
    variant: Variant
    folder: Path
    lock: str

    def program(self, name: str) -> Path:
        """The path of a console script of this environment, or of its `python`."""
        return self.folder / "bin" / name


class Marker(BaseModel):
    """What an installation writes when it is complete."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    variant: Variant
    lock: str


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A package that is not what the lock file says; `found` is empty where it is not there at all."""

    package: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.package} {self.found or 'missing'} instead of {self.wanted}"


def tool_names() -> list[str]:
    """The tools that this checkout knows."""
    return sorted(path.parent.name for path in REQUIREMENTS.glob("*/cpu.txt"))


def tools_folder() -> Path:
    """Where the environments are: `FINLOOM_TOOLS`, else `tools` of finloom's home. It may not exist yet."""
    return Path(os.environ.get("FINLOOM_TOOLS") or home() / "tools").resolve()


def lock_file(name: str, variant: Variant) -> Path:
    """The pinned packages of a tool; without a file of its own for the GPU, those of the CPU.

    Raises:
        ToolProblem: there is no such tool.
    """
    files = [REQUIREMENTS / name / f"{one}.txt" for one in dict.fromkeys((variant, "cpu"))]
    for file in files:
        if name in tool_names() and file.is_file():
            return file
    raise ToolProblem(f"there is no tool {name!r}: finloom knows {', '.join(tool_names())}")


def digest(lock: Path) -> str:
    """The sha256 of a lock file, as markers and cache keys hold it."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def find_tool(name: str) -> Tool:
    """The installed environment of a tool, checked against the project's lock file; asks no program.

    Raises:
        ToolProblem: it is unknown, not installed, of another lock file, or one of its packages was changed.
    """
    folder = tools_folder() / name
    marker = read_marker(folder)
    lock = lock_file(name, marker.variant if marker else "cpu")
    remedy = f"run `finloom tools install {name}`"
    if marker is None:
        raise ToolProblem(f"the {name} environment is not installed at {folder}: {remedy}")
    current = digest(lock)
    if marker.lock != current:
        raise ToolProblem(
            f"the {name} environment at {folder} is not the one that infra/tools/{name}/{lock.name} describes: {remedy}"
        )
    if wrong := list(mismatches(folder, read_pins(lock))):
        raise ToolProblem(
            f"the {name} environment at {folder} was changed after its installation, it has "
            f"{', '.join(map(str, wrong[:3]))}{' and more' if wrong[3:] else ''}: {remedy}"
        )
    return Tool(name=name, variant=marker.variant, folder=folder, lock=current)


def read_marker(folder: Path) -> Marker | None:
    """What was installed in a folder, or None where nothing was, or not to the end."""
    try:
        marker = Marker.model_validate_json((folder / MARKER).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    return marker if (folder / "bin" / "python").exists() else None


def read_pins(lock: Path) -> dict[str, str]:
    """The versions that a lock file wants, by canonical package name."""
    return {canonicalize_name(name): version for name, version in PIN.findall(lock.read_text())}


def mismatches(folder: Path, pins: Mapping[str, str]) -> Iterator[Mismatch]:
    """The packages of an environment that are not as pinned; a local label (2.13.0+cpu) counts as its version."""
    found: dict[str, list[str]] = {}
    for path in folder.glob("lib/python*/site-packages/*.dist-info"):
        package, _, version = path.name.removesuffix(".dist-info").rpartition("-")
        found.setdefault(canonicalize_name(package), []).append(version)
    for package, wanted in pins.items():
        versions = found.get(package, [])
        if versions == [wanted]:
            continue
        if not versions or not all(
            SpecifierSet(f"=={wanted}").contains(v, prereleases=True) for v in versions
        ):
            yield Mismatch(package, " and ".join(sorted(versions)), wanted)
