"""A lease in the object store: of two runs that must not overlap, one goes on and the other is told so.

A lease has an end: when a holder died, the next run may take it over from then on; on the holder's own machine, where
it can be seen that its process is gone, at once.
"""

import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psutil
from pydantic import BaseModel

from blocks.history import whoami
from blocks.liveness import is_running
from blocks.store import MissingObject, ObjectStore


class AlreadyRunning(RuntimeError):
    """Another run holds the lease."""


class Holder(BaseModel):
    """Who holds a lease, as the store has it: the run, its process on its machine, and until when."""

    token: str
    by: str
    until: datetime
    host: str
    pid: int
    created: float

    def is_gone(self, moment: datetime) -> bool:
        """Whether its time is up, or its process was one of this machine and has ended."""
        ended = self.host == socket.gethostname() and not is_running(self.pid, self.created)
        return ended or self.until <= moment


@contextmanager
def lease(store: ObjectStore, name: str, hours: float, moment: datetime | None = None) -> Iterator[None]:
    """Hold the lease `name` while the block runs, for at most `hours`.

    Raises:
        AlreadyRunning: another run holds it, its time is not up, and it is not known to be dead.
    """
    key = f"leases/{name}.json"
    began = moment or datetime.now(UTC)
    process = psutil.Process()
    mine = Holder(
        token=uuid.uuid4().hex,
        by=whoami(),
        until=began + timedelta(hours=hours),
        host=socket.gethostname(),
        pid=process.pid,
        created=process.create_time(),
    )
    _take(store, key, mine, began)
    try:
        yield
    finally:
        if _holder(store, key)[0] == mine:
            store.client.delete_object(Bucket=store.bucket, Key=key)


def _take(store: ObjectStore, key: str, mine: Holder, moment: datetime) -> None:
    data = mine.model_dump_json().encode()
    holder, etag = _holder(store, key)
    if holder is None:
        taken = store.put(key, data, absent=True)
    else:
        taken = holder.is_gone(moment) and store.put(key, data, etag=etag)
    # Read back: a server that ignores conditions lets both write, and the last one holds it.
    found = _holder(store, key)[0]
    if not taken or found != mine:
        held = f"is held by {found.by} until {found.until:%F %T %Z}" if found else "was taken by another run"
        raise AlreadyRunning(
            f"{key} {held}; wait for that run to end, or delete the lease if you know that it died"
        )


def _holder(store: ObjectStore, key: str) -> tuple[Holder | None, str]:
    try:
        data, etag = store.get(key)
    except MissingObject:
        return None, ""
    return Holder.model_validate_json(data), etag
