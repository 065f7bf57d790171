"""Whether a process that was written down still runs: its number alone may be another's by now."""

import psutil

CLOCK_TOLERANCE = 5.0
"""Seconds. A start is counted from the boot, and is not told to the same second twice when the clock is set."""


def is_running(pid: int, created: float) -> bool:
    """Whether the process that got this number at `created` (seconds since 1970) has not ended.

    One that may not be looked at is taken to run.
    """
    try:
        process = psutil.Process(pid)
        return (
            process.status() != psutil.STATUS_ZOMBIE
            and abs(process.create_time() - created) <= CLOCK_TOLERANCE
        )
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
