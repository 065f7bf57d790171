"""The program uv, which builds the tools' environments: found, run below a guard, its errors made one sentence."""

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from blocks.home import CHECKOUT, home
from tasks.runtime.programs import GUARD
from tasks.runtime.terminal import Lines

BOOTSTRAPPED = CHECKOUT / ".finloom" / "bootstrap" / "bin" / "uv"
"""Where `make setup` puts it."""

GRACE_SECONDS = 5
TICK_SECONDS = 1.0
READ_SIZE = 1 << 16
HTTP_SECONDS = "120"

NO_SPACE = ("No space left on device", "Disk quota exceeded")
NO_NETWORK = (
    "HTTP status server error",
    "error sending request",
    "dns error",
    "tcp connect error",
    "timed out",
    "Connection reset",
)


class UvProblem(RuntimeError):
    """uv is missing or could not do its work; the message says why and what to do."""


def find_uv() -> Path:
    """uv on PATH, else the one of `make setup`.

    Raises:
        UvProblem: there is none.
    """
    if found := shutil.which("uv"):
        return Path(found)
    if BOOTSTRAPPED.exists():
        return BOOTSTRAPPED
    raise UvProblem(
        "uv, which builds the tools' environments, is not on PATH: run `make setup`, or install uv"
    )


def uv_environment(find_links: bool) -> dict[str, str]:
    """Our variables, with the settings of pip that uv does not read by itself: the index, and folders of wheels.

    Args:
        find_links: whether wheels on disk may be taken instead of the registry's.
    """
    variables = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    links = variables.pop("UV_FIND_LINKS", "") or ",".join(variables.get("PIP_FIND_LINKS", "").split())
    defaults = {
        "UV_CACHE_DIR": str(home() / "uv-cache"),
        "UV_DEFAULT_INDEX": os.environ.get("PIP_INDEX_URL", ""),
        "UV_HTTP_TIMEOUT": HTTP_SECONDS,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_FIND_LINKS": links if find_links else "",
    }
    # uv breaks its messages at the width of the terminal, which it takes to be 80 columns where there is none.
    forced = {"COLUMNS": "4096"}
    return {name: value for name, value in defaults.items() if value} | variables | forced


def run_uv(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    on_line: Callable[[str], None],
    every: Callable[[], None],
) -> None:
    """Run uv to its end; it ends with us, be it by kill -9.

    Args:
        arguments: what follows `uv` on the command line.
        variables: its whole environment.
        on_line: called with each line that it writes.
        every: called about once a second while it runs.

    Raises:
        UvProblem: it failed, or there is no uv.
    """
    command = [str(find_uv()), *arguments]
    life, ours = os.pipe()
    written: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-I", str(GUARD), str(life), str(GRACE_SECONDS), *command],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(life,),
    ) as guard:
        os.close(life)
        # Closed before the guard is waited for: that is how it learns that we gave up.
        with os.fdopen(ours, "wb"):
            assert guard.stdout is not None
            for line in _lines(guard.stdout, every):
                written.append(line)
                on_line(line)
            guard.wait()
    if guard.returncode:
        raise UvProblem(explain(written))


def explain(lines: Sequence[str]) -> str:
    """What went wrong, in one sentence, from what uv wrote."""
    text = "\n".join(lines)
    errors = [line.strip() for line in lines if line.lstrip().startswith(("error:", "cause:"))]
    last = errors[-1].partition(": ")[2] if errors else (lines[-1] if lines else "it wrote nothing")
    if any(mark in text for mark in NO_SPACE):
        return (
            "the disk is full: make room, or set FINLOOM_TOOLS and UV_CACHE_DIR to folders on a larger disk"
        )
    if any(mark in text for mark in NO_NETWORK):
        return (
            f"the package registry does not answer ({last}): check the network, name a mirror in UV_DEFAULT_INDEX, "
            "or install from a folder of wheels with --from; what was downloaded is kept"
        )
    return f"uv failed: {last}"


def _lines(output: IO[bytes], every: Callable[[], None]) -> Iterator[str]:
    lines = Lines()
    while True:
        ready, _, _ = select.select([output], [], [], TICK_SECONDS)
        if ready:
            data = os.read(output.fileno(), READ_SIZE)
            yield from lines.feed(data) if data else lines.close()
            if not data:
                return
        every()
