"""History and what is in force: action records, and pointers that move by one conditional write.

`actions/<key>/<run>.json` says who made what from what. `pointers/<kind>/<name>/log/` keeps every version that was ever
promoted; `pointers/<kind>/<name>/current.json` is the one in force. The log entry is written first, so that even on a
server that ignores conditions a lost race loses no version.
"""

import getpass
import socket
from collections.abc import Iterator
from datetime import UTC, datetime

from pydantic import JsonValue

from blocks.store import ArtifactStore, MissingObject
from datasets_registry.artifact import Action, ArtifactRef, Pointer, PointerKind


class PointerMoved(RuntimeError):
    """Somebody else moved the pointer first."""


def whoami() -> str:
    """`user@host`, as recorded in actions and pointers."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def now() -> str:
    """The present time in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def record_action(store: ArtifactStore, action: Action) -> None:
    """Add one run of a task to the history."""
    store.put(f"actions/{action.key}/{action.run}.json", action.to_bytes())


def actions(store: ArtifactStore, key: str = "") -> Iterator[Action]:
    """All recorded actions, or those of one cache key."""
    for name in store.keys(f"actions/{key}/" if key else "actions/"):
        yield Action.from_bytes(store.get(name)[0])


def lineage(store: ArtifactStore, *targets: ArtifactRef) -> list[Action]:
    """The actions behind artifacts, every input made before it is used; of several that made the same, the latest."""
    makers: dict[str, Action] = {}
    for action in actions(store):
        known = makers.get(action.output.sha256)
        passed_on = action.output in action.inputs.values()  # as a step does that only moves a pointer
        if not passed_on and (known is None or known.started < action.started):
            makers[action.output.sha256] = action
    found: dict[str, Action] = {}

    def visit(ref: ArtifactRef) -> None:
        maker = makers.pop(ref.sha256, None)
        if maker is not None:
            for source in maker.inputs.values():
                visit(source)
            found[ref.sha256] = maker

    for target in targets:
        visit(target)
    return list(found.values())


def current(store: ArtifactStore, kind: PointerKind, name: str) -> Pointer | None:
    """What is in force under a name, or None where nothing was promoted yet."""
    found = _current(store, kind, name)
    return found[0] if found else None


def versions(store: ArtifactStore, kind: PointerKind, name: str) -> list[Pointer]:
    """Every promotion under a name, oldest first."""
    return [Pointer.from_bytes(store.get(key)[0]) for key in store.keys(f"pointers/{kind}/{name}/log/")]


def names(store: ArtifactStore, kind: PointerKind) -> list[str]:
    """The names that have a pointer of this kind."""
    return sorted({key.split("/")[2] for key in store.keys(f"pointers/{kind}/")})


def promote(
    store: ArtifactStore, kind: PointerKind, name: str, target: ArtifactRef, evidence: dict[str, JsonValue]
) -> Pointer:
    """Put `target` in force under a name; nothing happens where it is in force already.

    Raises:
        PointerMoved: somebody else moved the pointer meanwhile; nothing was lost, look and decide again.
    """
    found = _current(store, kind, name)
    if found and found[0].target == target:
        return found[0]
    previous = found[0].target.sha256 if found else None
    pointer = Pointer(
        kind=kind, name=name, target=target, previous=previous, evidence=evidence, by=whoami(), at=now()
    )
    base = f"pointers/{kind}/{name}"
    store.put(f"{base}/log/{pointer.at}-{target.sha256[:12]}.json", pointer.to_bytes(), absent=True)
    key = f"{base}/current.json"
    moved = (
        store.put(key, pointer.to_bytes(), etag=found[1])
        if found
        else store.put(key, pointer.to_bytes(), absent=True)
    )
    if not moved or current(store, kind, name) != pointer:
        raise PointerMoved(
            f"the {kind} pointer {name!r} was moved by someone else meanwhile; "
            f"`finloom versions {kind} list` shows both, promote the one you want"
        )
    return pointer


def rollback(store: ArtifactStore, kind: PointerKind, name: str) -> Pointer:
    """Put the version before the present one back in force."""
    present = current(store, kind, name)
    if present is None or present.previous is None:
        raise MissingObject(f"the {kind} pointer {name!r} has no earlier version to go back to")
    for pointer in reversed(versions(store, kind, name)):
        if pointer.target.sha256 == present.previous:
            return promote(store, kind, name, pointer.target, {"rollback_from": present.target.sha256})
    raise MissingObject(f"version {present.previous} of {kind} {name!r} is not in its log")


def _current(store: ArtifactStore, kind: PointerKind, name: str) -> tuple[Pointer, str] | None:
    try:
        data, etag = store.get(f"pointers/{kind}/{name}/current.json")
    except MissingObject:
        return None
    return Pointer.from_bytes(data), etag
