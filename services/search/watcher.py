"""Follow the pointer of the published index: open the new version beside the old, prove it, then swap one reference.

A version that cannot be opened, is damaged or fails its canary questions is refused: the old one keeps answering, the
log says why, and `/readyz` says that it was.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from services.search.config import ServiceConfig
from services.search.measures import Measures
from services.search.shelf import Shelf, Version
from services.search.source import Source
from tasks.indexing.canary import check
from tasks.retrieval.index import Index

logger = logging.getLogger(__name__)

WARM_CHARACTERS = 20


class Unfit(RuntimeError):
    """A version that opens but gives wrong answers to questions whose answers are known."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A version in force that is not served: which, the kind of error, and when (monotonic seconds)."""

    sha256: str
    error: str
    at: float


class Watcher:
    """Keeps the shelf's front version the one in force; a thread of its own looks every `poll_seconds`."""

    def __init__(
        self,
        source: Source,
        shelf: Shelf,
        config: ServiceConfig,
        measures: Measures,
        on_ready: Callable[[], object] = lambda: None,
    ) -> None:
        """Nothing is opened until `start` or `look`; `on_ready` is called before the first version answers."""
        self._on_ready = on_ready
        self._source = source
        self._shelf = shelf
        self._config = config
        self._measures = measures
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch-index", daemon=True)
        self.refusal: Refusal | None = None
        self.source_error: str | None = None

    def start(self) -> None:
        """Start to look; the first version is opened by the thread, so that the server can say it is not ready."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; an opening that is under way is waited for."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Look once, and do what follows."""
        try:
            wanted = self._source.in_force()
        except Exception as error:
            if self.source_error is None:
                logger.exception("cannot see which index is in force; the present one keeps answering")
            self.source_error = type(error).__name__
            return
        self.source_error = None if wanted else "nothing is published"
        if wanted:
            self._follow(wanted)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self._stopping.wait(self._config.poll_seconds)

    def _follow(self, wanted: str) -> None:
        present = self._shelf.current
        if present is not None and present.sha256 == wanted:
            self.refusal = None
            return
        if self._shelf.return_to(wanted):
            self._took_over(wanted)
        elif not self._refused_lately(wanted):
            self._open(wanted)

    def _refused_lately(self, wanted: str) -> bool:
        refusal = self.refusal
        return (
            refusal is not None
            and refusal.sha256 == wanted
            and time.monotonic() - refusal.at < self._config.retry_seconds
        )

    def _open(self, wanted: str) -> None:
        try:
            version = _opened(self._source, wanted)
        except Exception as error:
            # Whatever is wrong with a new version must not end the service of the old one.
            logger.exception("index %s is refused; the present version keeps answering", wanted[:12])
            self.refusal = Refusal(wanted, type(error).__name__, time.monotonic())
            self._measures.refusals.inc()
            return
        if self._shelf.current is None:
            self._on_ready()
        self._shelf.put(version)
        self._took_over(wanted)

    def _took_over(self, sha256: str) -> None:
        self.refusal = None
        self._measures.swaps.inc()
        logger.info("index %s answers from now on", sha256[:12])


def _opened(source: Source, sha256: str) -> Version:
    """A version that has answered: its canary questions, and one query a method so that everything is loaded.

    Raises:
        Unfit: it fails its canary questions.
    """
    opened = source.open(sha256)
    try:
        if problems := check(opened.index):
            raise Unfit("; ".join(problems))
        _warm(opened.index)
    except BaseException:
        opened.close()
        raise
    return Version(sha256, opened.index, opened.published, opened.close)


def _warm(index: Index) -> None:
    """Ask once by every method, alone and in company, since first calls compile and map files."""
    query = index.passages.passage(0).text[:WARM_CHARACTERS]
    for method in index.methods:
        for queries in ([query], [query] * 4):
            index.search_many(queries, method)
