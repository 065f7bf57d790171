"""What a program cost: run as a child of its own, so that nothing else counts."""

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

TICK_SECONDS = 0.2


class ProgramFailed(RuntimeError):
    """A measured program did not end well; the message is the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of a program and all that it started, wall seconds, and bytes of memory at the highest.

    `largest` is that of its largest process; `together` of all its processes at one time, looked at five times a
    second. Pages that processes share, of libraries above all, count for each.
    """

    cpu: float
    wall: float
    largest: int
    together: int


def measure(command: Sequence[str | Path], log: Path) -> Cost:
    """Run a program to its end; what it writes goes to `log`.

    Raises:
        ProgramFailed: its exit status is not 0.
    """
    started = time.monotonic()
    with log.open("wb") as output:
        child = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT)
    peaks: list[int] = [0, 0]
    watch = threading.Thread(target=_watch, args=(child.pid, peaks), daemon=True)
    watch.start()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    watch.join()
    if child.returncode:
        raise ProgramFailed(log.read_text("utf-8", "replace")[-2000:])
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - started, *peaks)


def _watch(pid: int, peaks: list[int]) -> None:
    """Note the largest process of a tree and the sum of all, until it is gone.

    The kernel's own figure would not do: a child starts with the peak of the process that forked it.
    """
    while True:
        try:
            root = psutil.Process(pid)
            if root.status() == psutil.STATUS_ZOMBIE:
                return
            sizes = [process.memory_info().rss for process in (root, *root.children(recursive=True))]
            peaks[:] = max(peaks[0], *sizes), max(peaks[1], sum(sizes))
        except psutil.NoSuchProcess:
            if not psutil.pid_exists(pid):
                return
        time.sleep(TICK_SECONDS)
