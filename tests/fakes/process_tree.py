"""A program that leaves processes behind in every way that there is, and how to see whether they are gone."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE = 60.0

SLEEPER = """
import os, pathlib, signal, subprocess, sys, time
def note(name):
    pathlib.Path(f"{name}.new").write_text(str(os.getpid()))
    os.rename(f"{name}.new", f"{name}.pid")
if os.fork() == 0:
    note("child"); time.sleep(600)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        # Like Ray's daemons: another session, another parent, deaf to SIGTERM, nothing of ours open.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.closerange(0, 64)
        note("daemon"); time.sleep(600)
    os._exit(0)
note("main")
"""
NAMES = ("main", "child", "daemon")


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def pids(folder: Path) -> dict[str, int]:
    """The processes of `SLEEPER`, once all of them run."""
    files = {name: folder / f"{name}.pid" for name in NAMES}
    wait_for(lambda: all(file.exists() for file in files.values()))
    return {name: int(file.read_text()) for name, file in files.items()}


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
