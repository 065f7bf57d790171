"""The long-running programs of the stack as operating-system processes: start, recognise, stop.

A program is ours when its pid file names a live process with the recorded start time and command line; a
reused pid or somebody else's server never passes for it. Every program also carries its home and its name in
its environment, so that one whose pid file was never written (because `up` was killed) is still found.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from pydantic import BaseModel, ValidationError

from blocks.home import CHECKOUT, home
from blocks.liveness import is_running

PROGRAM_VARIABLE = "FINLOOM_PROGRAM"
DEFAULT_GRACE = 10.0
LOG_LIMIT = 20 << 20
LOG_TAIL = 15


class StackError(RuntimeError):
    """The stack could not be brought to the wanted state; the message says why and what to do."""


@dataclass(frozen=True)
class Program:
    """What to run: a command without secrets, its environment, its ports, seconds it may take to stop."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ports: Mapping[str, int] = field(default_factory=dict)
    grace: float = DEFAULT_GRACE

    def fingerprint(self) -> str:
        """Changes whenever the program would have to be started anew to be this one."""
        lines = [*self.command, *(f"{name}={value}" for name, value in sorted(self.environment.items()))]
        return hashlib.sha256("\0".join(lines).encode()).hexdigest()


class Running(BaseModel):
    """A started program, as its pid file records it."""

    pid: int
    created: float
    command: list[str]
    ports: dict[str, int]
    grace: float
    fingerprint: str


def pid_path(name: str) -> Path:
    """The file that records the process of a program."""
    return home() / "run" / f"{name}.pid"


def log_path(name: str) -> Path:
    """The file that takes a program's output."""
    return home() / "logs" / f"{name}.log"


def log_tail(name: str) -> str:
    """The last lines of a program's output, for error messages."""
    with suppress(FileNotFoundError):
        return "\n".join(log_path(name).read_text(errors="replace").splitlines()[-LOG_TAIL:])
    return ""


def read_pid(name: str) -> Running | None:
    """What the pid file says, whether or not that process still lives."""
    try:
        return Running.model_validate_json(pid_path(name).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def find(name: str) -> Running | None:
    """The live process of a program, or None where it is not running."""
    recorded = read_pid(name)
    return recorded if recorded and is_alive(recorded) else None


def is_alive(running: Running) -> bool:
    """Whether the recorded process lives and is still the one that was recorded."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        # For an instant after it was started a process has no command line yet.
        commands: tuple[list[str], ...] = ([], running.command)
        return is_running(running.pid, running.created) and psutil.Process(running.pid).cmdline() in commands
    return False


def start(program: Program) -> Running:
    """Start a program in a session of its own, so that it outlives us, and record it."""
    _kill([process for process in strays(program.name) if _runs(process, program.command)], 0)
    log = log_path(program.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    variables = {**os.environ, **program.environment}
    variables |= {"FINLOOM_HOME": str(home()), PROGRAM_VARIABLE: program.name}
    with log.open("ab") as output:
        child = subprocess.Popen(
            program.command,
            env=variables,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(
        pid=child.pid,
        created=psutil.Process(child.pid).create_time(),
        command=list(program.command),
        ports=dict(program.ports),
        grace=program.grace,
        fingerprint=program.fingerprint(),
    )
    write_private(pid_path(program.name), running.model_dump_json())
    return running


def stop(name: str) -> bool:
    """End a program and everything it started, gently first; returns whether there was anything to end."""
    recorded = find(name)
    grace = recorded.grace if recorded else DEFAULT_GRACE
    members = _group(recorded.pid) if recorded else []
    known = {process.pid for process in members}
    members += [process for process in strays(name) if process.pid not in known]
    _kill(members, grace)
    pid_path(name).unlink(missing_ok=True)
    return bool(members)


def strays(name: str) -> list[psutil.Process]:
    """Processes that were started as this program of this home, or by it; never ourselves or our parents."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [process for process in _of_this_home(name) if process.pid not in ours]


def family(pid: int) -> list[psutil.Process]:
    """A process and its living descendants."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def memory(pid: int) -> int:
    """Resident bytes of a process and its descendants."""
    total = 0
    for process in family(pid):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += int(process.memory_info().rss)
    return total


def listens(pid: int, port: int) -> bool:
    """Whether it is this process, or a descendant, that listens on `port`."""
    for process in family(pid):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            for connection in process.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return True
    return False


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.replace(path)


def _of_this_home(name: str) -> Iterator[psutil.Process]:
    wanted = {"FINLOOM_HOME": str(home()), PROGRAM_VARIABLE: name}
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            found = process.environ()
            if all(found.get(key) == value for key, value in wanted.items()):
                yield process


def _runs(process: psutil.Process, command: Sequence[str]) -> bool:
    """Whether this is the program itself, on whatever ports, and not a child that inherited its variables."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return bool(process.cmdline()[:4] == list(command[:4]))
    return False


def _group(pid: int) -> list[psutil.Process]:
    members = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == pid:
                members.append(process)
    return members


def _kill(processes: list[psutil.Process], grace: float) -> None:
    for process in processes if grace else []:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=grace)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=10)
