"""What the parameters of flows name: what is in force under a name, a sha256, or a file that is to be stored."""

import re
from collections.abc import Callable

from blocks.history import current, names, versions
from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore, MissingObject
from datasets_registry.artifact import SHA256, ArtifactRef, PointerKind


def published(kind: PointerKind, name: str) -> ArtifactRef:
    """The artifact in force under a name, or the one whose sha256 is given; `main~1` was in force before `main`.

    Raises:
        MissingObject: nothing of that kind was ever put in force under the name, or not so often, or no artifact has
            that sha256.
    """
    store = load_store()
    if re.fullmatch(SHA256, name):
        return store.tree(name).ref()
    under, _, back = name.rpartition("~")
    if under and back.isdecimal():
        return _earlier(store, kind, under, int(back))
    pointer = current(store, kind, name)
    if pointer is None:
        known = ", ".join(names(store, kind)) or "nothing"
        raise MissingObject(
            f"no {kind} is in force under {name!r}, found {known}; run the flow that makes one"
        )
    return pointer.target


def stored(given: str, ingest: Callable[[str], ArtifactRef]) -> ArtifactRef:
    """The artifact whose sha256 is given, or what `ingest` stores of the file at a path."""
    return load_store().tree(given).ref() if re.fullmatch(SHA256, given) else ingest(given)


def _earlier(store: ArtifactStore, kind: PointerKind, name: str, back: int) -> ArtifactRef:
    log = versions(store, kind, name)
    if back >= len(log):
        raise MissingObject(
            f"{name}~{back} is no {kind}: under {name!r} there are {len(log)} versions, "
            f"`finloom versions {kind} list --name {name}` shows them"
        )
    return log[-1 - back].target
