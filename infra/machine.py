"""What a machine brings to a work pool: GPUs and their memory, main memory, disk, and the tools that are installed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from blocks.home import home
from tasks.runtime.tools import ToolProblem, find_tool, tool_names

QUERY = ("index", "uuid", "name", "memory.total", "memory.free")
PATIENCE = 30.0
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU, with its memory in bytes."""

    index: str
    uuid: str
    name: str
    memory: int
    free: int

    def __str__(self) -> str:
        return (
            f"GPU {self.index}: {self.name}, {self.memory / 2**30:.0f} GiB, {self.free / 2**30:.0f} GiB free"
        )


def gpus() -> list[Gpu]:
    """The NVIDIA GPUs that programs may use here, none where the driver's `nvidia-smi` is missing or fails.

    Where `CUDA_VISIBLE_DEVICES` is set, only those that it names.
    """
    command = ["nvidia-smi", f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return list(_visible(_read(done.stdout)))


def _read(table: str) -> Iterator[Gpu]:
    for line in table.splitlines():
        index, uuid, name, memory, free = (cell.strip() for cell in line.split(","))
        # Cards that share the machine's memory say "[N/A]".
        sizes = [
            int(cell) * MIB if cell.isdigit() else psutil.virtual_memory().total for cell in (memory, free)
        ]
        yield Gpu(index, uuid, name, *sizes)


def _visible(found: Iterator[Gpu]) -> Iterator[Gpu]:
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        yield from found
        return
    wanted = [one.strip() for one in named.split(",") if one.strip()]
    for gpu in found:
        if gpu.index in wanted or any(len(one) > 4 and gpu.uuid.startswith(one) for one in wanted):
            yield gpu


def lines() -> Iterator[str]:
    """The machine, a line a fact."""
    yield from map(str, found) if (found := gpus()) else ["no GPU: nvidia-smi is not here or shows none"]
    memory = psutil.virtual_memory()
    yield (
        f"memory: {memory.total / 2**30:.0f} GiB, {memory.available / 2**30:.0f} GiB free, {os.cpu_count()} cores"
    )
    folder = next(path for path in (home(), *home().parents) if path.exists())
    yield f"disk: {shutil.disk_usage(folder).free / 2**30:.0f} GiB free at {folder}"
    for name in tool_names():
        try:
            yield f"tool {name}: installed for the {find_tool(name).variant.upper()}"
        except ToolProblem as problem:
            yield f"tool {name}: {problem}"
