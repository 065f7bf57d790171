"""Where versions of an index come from: the published ones of the artifact store."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from blocks.history import current, versions
from blocks.store import ArtifactStore, local_copy
from tasks.retrieval.index import Index
from tasks.runtime.encoder import Encoders


@dataclass(frozen=True, slots=True)
class Opened:
    """An index opened and found intact, when it was first published, and how to close what belongs to it."""

    index: Index
    published: datetime
    close: Callable[[], None]


class Source(Protocol):
    """Says which version is in force, and opens it."""

    def in_force(self) -> str | None:
        """The sha256 of the version in force, None where nothing is published; asked every second, so quick."""
        ...

    def open(self, sha256: str) -> Opened:
        """Open a version beside those that are open; raises whatever is wrong with it."""
        ...


class PublishedIndex:
    """The versions of one published index, each copied to this machine when it is first opened."""

    def __init__(self, store: ArtifactStore, name: str) -> None:
        """Versions under the pointer `index/<name>`."""
        self._store = store
        self._name = name

    def in_force(self) -> str | None:
        """See `Source`; raises `StoreUnavailable`."""
        pointer = current(self._store, "index", self._name)
        return pointer.target.sha256 if pointer else None

    def open(self, sha256: str) -> Opened:
        """See `Source`; every file is read and compared with its checksum.

        Raises:
            UnusableIndex: it is damaged, or was tokenized or embedded otherwise than this program would.
            UnsupportedFormat: a newer finloom wrote it.
            MissingObject: the store does not hold all of it.
            CorruptObject: the store holds other bytes than it promises.
            StoreUnavailable: the store does not answer.
        """
        pointers = [
            pointer
            for pointer in versions(self._store, "index", self._name)
            if pointer.target.sha256 == sha256
        ]
        with ExitStack() as stack:
            encoders = stack.enter_context(Encoders(self._store))
            index = Index.open(
                local_copy(self._store, pointers[0].target), intact=True, open_model=encoders.open
            )
            return Opened(index, datetime.fromisoformat(pointers[0].at), stack.pop_all().close)
