"""A lease in the object store: of two runs that must not overlap, one goes on and the other is told so.

A lease has an end: when a holder died, the next run may take it over from then on; on the holder's own machine, where
it can be seen that its process is gone, at once.
"""

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import orjson
import psutil

from blocks.history import whoami
from blocks.store import MissingObject, ObjectStore

SAME_SECONDS = 10
"""The start of one process is not told twice to the same second: the system counts it from the boot."""


class AlreadyRunning(RuntimeError):
    """Another run holds the lease."""


@contextmanager
def lease(store: ObjectStore, name: str, hours: float, moment: datetime | None = None) -> Iterator[None]:
    """Hold the lease `name` while the block runs, for at most `hours`.

    Raises:
        AlreadyRunning: another run holds it, its time is not up, and it is not known to be dead.
    """
    key = f"leases/{name}.json"
    began = moment or datetime.now(UTC)
    mine = {"token": uuid.uuid4().hex, "by": whoami(), "until": (began + timedelta(hours=hours)).isoformat()}
    mine |= {"host": socket.gethostname(), "pid": str(os.getpid()), "started": str(_started(os.getpid()))}
    _take(store, key, orjson.dumps(mine), began)
    try:
        yield
    finally:
        if _holder(store, key)[0].get("token") == mine["token"]:
            store.client.delete_object(Bucket=store.bucket, Key=key)


def _take(store: ObjectStore, key: str, mine: bytes, moment: datetime) -> None:
    holder, etag = _holder(store, key)
    if not holder:
        taken = store.put(key, mine, absent=True)
    else:
        over = datetime.fromisoformat(holder["until"]) <= moment or _is_gone(holder)
        taken = over and store.put(key, mine, etag=etag)
    # Read back: a server that ignores conditions lets both write, and the last one holds it.
    if not taken or store.get(key)[0] != mine:
        found = _holder(store, key)[0]
        raise AlreadyRunning(
            f"{key} is held by {found.get('by', 'another run')} until {found.get('until', 'it ends')}; "
            "wait for that run to end, or delete the lease if you know that it died"
        )


def _is_gone(holder: dict[str, str]) -> bool:
    """Whether the holder was a process of this machine that has ended; of another machine's nothing is known."""
    if holder.get("host") != socket.gethostname():
        return False
    started = _started(int(holder["pid"]))
    return started is None or abs(started - float(holder["started"])) > SAME_SECONDS


def _started(pid: int) -> float | None:
    """When a process began, which tells it from a later one of its number; None where none of it runs."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def _holder(store: ObjectStore, key: str) -> tuple[dict[str, str], str]:
    try:
        data, etag = store.get(key)
    except MissingObject:
        return {}, ""
    return orjson.loads(data), etag
