"""The parent of an outside program: it ends the program's whole tree when the program, or we, are no more.

Run as `python -I guard.py LIFE GRACE COMMAND ...`. LIFE is the reading end of a pipe whose writing end only our process
holds: end of file there means that we are gone (kill -9 included) or want the program ended. On Linux the guard adopts
every orphan below it, so that daemons which left their session (Ray's) are still its descendants.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CHECK_SECONDS = 1.0
PAUSE_SECONDS = 0.05
KILL_SECONDS = 30.0
NOT_STARTED = 127
SIGNALLED = 128


def main(life: int, grace: float, command: list[str]) -> int:
    """Run `command` until it ends or its time has come; returns its exit code, 128 + n where signal n ended it."""
    _process_control(PR_SET_CHILD_SUBREAPER, 1)
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Handlers, since ignored signals would be ignored by the program too.
        signal.signal(number, lambda *_: None)
    parent = os.getppid()
    try:
        child = subprocess.Popen(command, start_new_session=True, preexec_fn=_die_with_guard)
    except OSError as error:
        print(f"{command[0]} could not be started: {error}", file=sys.stderr)  # noqa: T201 read by our parent
        return NOT_STARTED
    _let_go_of_output()
    status = _wait(child.pid, parent, life, woken)
    _end(grace)
    return (
        os.waitstatus_to_exitcode(status) if not os.WIFSIGNALED(status) else SIGNALLED + os.WTERMSIG(status)
    )


def _wait(child: int, parent: int, life: int, woken: int) -> int:
    """Wait until the program has ended or must end; returns its wait status, that of SIGTERM where it must end."""
    while True:
        for pid, status in _reap():
            if pid == child:
                return status
        ready, _, _ = select.select([life, woken], [], [], CHECK_SECONDS)
        asked = woken in ready and signal.SIGTERM in os.read(woken, 512)
        # A fork of our parent may hold the pipe open after its death.
        if asked or life in ready or os.getppid() != parent:
            return signal.SIGTERM


def _end(grace: float) -> None:
    """End every descendant, gently first; those that are born meanwhile too."""
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, KILL_SECONDS)):
        deadline = time.monotonic() + seconds
        told: set[psutil.Process] = set()
        while time.monotonic() < deadline:
            _reap()
            alive = psutil.Process().children(recursive=True)
            if not alive:
                return
            for process in alive:
                if process not in told:
                    with suppress(psutil.NoSuchProcess):
                        process.send_signal(number)
            told.update(alive)
            time.sleep(PAUSE_SECONDS)


def _reap() -> list[tuple[int, int]]:
    """The (pid, wait status) of every child and adopted orphan that has ended since."""
    ended = []
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append(found)
    return ended


def _let_go_of_output() -> None:
    """Close our copies of the program's output, so that it ends when the program's tree has."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _die_with_guard() -> None:
    _process_control(PR_SET_PDEATHSIG, signal.SIGKILL)


def _process_control(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
