"""The versions of the index that are open: the one that answers, and the one before it, for a quick way back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from services.search.asking import NotReady
from tasks.retrieval.index import Index


@dataclass(slots=True, eq=False)
class Version:
    """An open index: the sha256 of its artifact, when it was first published, and how to close what belongs to it."""

    sha256: str
    index: Index
    published: datetime
    close: Callable[[], None]
    _users: int = field(default=0, init=False)
    _retired: bool = field(default=False, init=False)


class Shelf:
    """At most two open versions; one is closed when it is neither of them and answers nobody any more."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._lock = threading.Lock()
        self._current: Version | None = None
        self._previous: Version | None = None

    @property
    def current(self) -> Version | None:
        """The version that answers; to use its index, `lease` it."""
        return self._current

    @property
    def previous(self) -> Version | None:
        """The version that would answer after a step back."""
        return self._previous

    @contextmanager
    def lease(self) -> Iterator[Version]:
        """The version that answers, kept open for the length of a `with` block; raises `NotReady`."""
        with self._lock:
            version = self._current
            if version is None:
                raise NotReady("no version of the index is open yet; ask /readyz, then try again")
            version._users += 1
        try:
            yield version
        finally:
            with self._lock:
                version._users -= 1
                unused = version._retired and not version._users
            if unused:
                version.close()

    def put(self, version: Version) -> None:
        """Let another version answer from now on; the one before the present is let go."""
        with self._lock:
            retired, self._previous, self._current = self._previous, self._current, version
        self._retire(retired)

    def return_to(self, sha256: str) -> bool:
        """Let the previous version answer again where it is the one named; False where it is not held."""
        with self._lock:
            if self._previous is None or self._previous.sha256 != sha256:
                return False
            self._current, self._previous = self._previous, self._current
            return True

    def clear(self) -> None:
        """Let go of both versions; whoever still uses one keeps it to the end."""
        with self._lock:
            retired = (self._current, self._previous)
            self._current = self._previous = None
        for version in retired:
            self._retire(version)

    def _retire(self, version: Version | None) -> None:
        if version is None:
            return
        with self._lock:
            version._retired = True
            unused = not version._users
        if unused:
            version.close()
