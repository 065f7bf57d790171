"""Outside programs: run in their tool's environment, their output read line by line, their whole tree ended with us.

Every program runs below a guard (`guard.py`), which ends it and all its descendants when its time is up, when it is
stopped, and when our process dies, be it by kill -9. Pure: knows neither Prefect nor the store.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from blocks.home import CHECKOUT
from tasks.runtime.terminal import Lines
from tasks.runtime.tools import Tool, find_tool

GUARD = Path(__file__).with_name("guard.py")

LINE_LIMIT = 2000
TAIL_LINES = 15
READ_SIZE = 1 << 16
TICK_SECONDS = 1.0
SIGNALLED = 128

OURS_ALONE = ("PREFECT_", "MINIO_", "PYTHON", "VIRTUAL_ENV")
"""Variables that an outside program does not inherit: our servers, their keys, our own environment."""

SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD", "AUTH_STRING")
SHORTEST_SECRET = 8


class ProgramFailed(RuntimeError):
    """An outside program did not do its work; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Program:
    """One call of a tool: a console script of its environment, or `python`, with arguments and variables.

    Attributes:
        tool: Name of the tool's environment, such as "swift".
        argv: The program and its arguments; no secrets, anybody on the machine can read them.
        env: Variables laid over ours.
        unset: Variables that it must not have.
        hours: Time limit of `run_program`.
        secrets: Values that are masked in its log and in errors.
        grace: Seconds that it has to end by itself before it is killed.
    """

    tool: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    hours: float = 6
    secrets: tuple[str, ...] = ()
    grace: float = 10

    @property
    def label(self) -> str:
        """A short name: the program's, or the module's of `python -m package.module`."""
        if self.argv[:2] == ("python", "-m") and len(self.argv) > 2:
            return self.argv[2].rpartition(".")[2]
        return Path(self.argv[0]).name


def run_program(
    program: Program,
    folder: Path,
    log: Path,
    on_line: Callable[[str], None],
    every: Callable[[], None] | None = None,
    held: Sequence[int] = (),
) -> None:
    """Run a program to its end.

    Args:
        program: what to run.
        folder: its working folder.
        log: file that its output is added to, as clean lines.
        on_line: called with each line, cut at 2,000 characters.
        every: called about once a second.
        held: file descriptors (of locks) that stay open until the last process of the program has ended.

    Raises:
        ProgramFailed: it ended with another code than 0, took longer than `program.hours`, or its log was lost.
        ToolProblem: the tool's environment is not installed or not as locked.
    """
    deadline = time.monotonic() + program.hours * 3600
    with Running(program, folder, log, on_line, held) as running:
        tick = 0.0
        while running.read():
            if every and time.monotonic() >= tick:
                every()
                tick = time.monotonic() + TICK_SECONDS
            if time.monotonic() > deadline:
                raise running.failure(f"was ended after {program.hours:g} h, its time limit")
    if running.code:
        raise running.failure(_ending(running.code))


def start_program(
    program: Program,
    folder: Path,
    log: Path,
    on_line: Callable[[str], None] = lambda line: None,
    held: Sequence[int] = (),
) -> "Running":
    """Start a long-lived program, such as a server, without a time limit; its output is read by a thread of ours.

    The arguments are those of `run_program`.

    Raises:
        ToolProblem: the tool's environment is not installed or not as locked.
    """
    running = Running(program, folder, log, on_line, held)
    running.read_in_background()
    return running


class Running:
    """A started program. Leaving its `with` block, or the death of this process, ends its whole tree."""

    def __init__(
        self,
        program: Program,
        folder: Path,
        log: Path,
        on_line: Callable[[str], None],
        held: Sequence[int] = (),
    ) -> None:
        tool = find_tool(program.tool)
        command = [str(_executable(tool, program)), *program.argv[1:]]
        variables = environment(tool, program.env, program.unset)
        self.program, self.log = program, log
        self.code: int | None = None
        self._on_line = on_line
        self._lines = Lines([*program.secrets, *_secrets_of(variables)])
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._thread: threading.Thread | None = None
        log.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = log.open("a", encoding="utf-8")
        theirs, ours = os.pipe()
        self._life: IO[bytes] = os.fdopen(ours, "wb")
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", str(GUARD), str(theirs), str(program.grace), *command],
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs, *held),
                # A signal to our process group (Ctrl-C, a worker that ends us) must not reach it before its time.
                start_new_session=True,
            )
        finally:
            os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._guard.poll() is None

    def stop(self) -> None:
        """End it and everything it started, gently first; returns when nothing of it is left."""
        self._life.close()
        if self._thread:
            self._thread.join()
        with suppress(ProgramFailed):
            while self.read():
                pass
        self.code = self._guard.wait()
        with suppress(OSError):
            self._file.close()

    def read(self, seconds: float = TICK_SECONDS) -> bool:
        """Take what it has written, waiting for at most `seconds`; False where it has ended and all is read."""
        output = self._guard.stdout
        assert output is not None, "it was started with a pipe"
        if output.closed:
            return self._outlasts(seconds)
        alive = self.alive()
        ready, _, _ = select.select([output], [], [], seconds)
        data = os.read(output.fileno(), READ_SIZE) if ready else b""
        self._write(self._lines.feed(data))
        if not data and (ready or not alive):
            output.close()
            self._write(self._lines.close())
        return True

    def _outlasts(self, seconds: float) -> bool:
        """Whether the guard is still there after `seconds`; a program may close its output and run on."""
        try:
            self._guard.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def read_in_background(self) -> None:
        """Read its output in a thread until it ends."""

        def read_all() -> None:
            try:
                while self.read():
                    pass
            finally:
                # A program whose log is lost, or whose reader failed, must not run on unseen.
                self._life.close()

        self._thread = threading.Thread(target=read_all, name=f"log of {self.program.label}", daemon=True)
        self._thread.start()

    def failure(self, what: str) -> ProgramFailed:
        """The error that says what happened to it, with the last lines of its log."""
        lines = "\n".join(self._tail) or "(it wrote nothing)"
        return ProgramFailed(f"{self.program.label} {what}; end of {self.log.name}:\n{lines}")

    def _write(self, lines: Iterator[str]) -> None:
        for line in lines:
            shown = line if len(line) <= LINE_LIMIT else f"{line[:LINE_LIMIT]} ..."
            self._tail.append(shown)
            try:
                self._file.write(f"{line}\n")
                self._file.flush()
            except OSError as error:
                raise self.failure(
                    f"was ended because its log could not be written ({error.strerror}); make room and run again"
                ) from error
            self._on_line(shown)


def _executable(tool: Tool, program: Program) -> Path:
    path = tool.program(program.argv[0])
    if not path.exists():
        raise ProgramFailed(
            f"the {tool.name} environment has no program {program.argv[0]!r} in {path.parent}: "
            f"run `finloom tools install {tool.name}`"
        )
    return path


def environment(tool: Tool, laid_over: Mapping[str, str], unset: Sequence[str] = ()) -> dict[str, str]:
    """Our variables without what is ours alone, the tool's programs and this checkout's modules first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS_ALONE)}
    found = {
        "PATH": f"{tool.program('python').parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    laid = kept | found | dict(laid_over)
    return {name: value for name, value in laid.items() if name not in unset}


def _secrets_of(variables: Mapping[str, str]) -> list[str]:
    """The values of variables that are called like secrets; the program's own and those it did not inherit."""
    named = {**os.environ, **variables}
    return [
        value
        for name, value in named.items()
        if name.upper().endswith(SECRET_NAMES) and len(value) >= SHORTEST_SECRET
    ]


def _ending(code: int) -> str:
    if code < 0:
        return f"was lost: its guard was ended by {_signal_name(-code)}"
    if code > SIGNALLED:
        hint = "; the machine may be short of memory" if code - SIGNALLED == signal.SIGKILL else ""
        return f"was ended by {_signal_name(code - SIGNALLED)}{hint}"
    return f"ended with exit code {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
