"""A lease in the object store: of two runs that must not overlap, one goes on and the other is told so.

A lease has an end: when a holder died, the next run may take it over from then on.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import orjson

from blocks.history import whoami
from blocks.store import MissingObject, ObjectStore


class AlreadyRunning(RuntimeError):
    """Another run holds the lease."""


@contextmanager
def lease(store: ObjectStore, name: str, hours: float, moment: datetime | None = None) -> Iterator[None]:
    """Hold the lease `name` while the block runs, for at most `hours`.

    Raises:
        AlreadyRunning: another run holds it and its time is not up.
    """
    key = f"leases/{name}.json"
    began = moment or datetime.now(UTC)
    mine = {"token": uuid.uuid4().hex, "by": whoami(), "until": (began + timedelta(hours=hours)).isoformat()}
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
        expired = datetime.fromisoformat(holder["until"]) <= moment
        taken = expired and store.put(key, mine, etag=etag)
    # Read back: a server that ignores conditions lets both write, and the last one holds it.
    if not taken or store.get(key)[0] != mine:
        found = _holder(store, key)[0]
        raise AlreadyRunning(
            f"{key} is held by {found.get('by', 'another run')} until {found.get('until', 'it ends')}; "
            "wait for that run to end, or delete the lease if you know that it died"
        )


def _holder(store: ObjectStore, key: str) -> tuple[dict[str, str], str]:
    try:
        data, etag = store.get(key)
    except MissingObject:
        return {}, ""
    return orjson.loads(data), etag
