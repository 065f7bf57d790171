"""Searches that arrive together are searched together: one thread takes what waits, and nobody waits for company.

While the thread searches, requests gather in the event loop; when it is free it gets all of them, up to a number of
queries. A request that finds it idle goes at once, so that batches grow with the load and a lone request pays nothing.
The next batch begins after the answers of the last one were written: the thread and the loop would only take Python's
lock from each other. For the same reason there is one thread; two cost more CPU than they save.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from datasets_registry.records import Hit
from services.search.asking import Answer, Ask, Overloaded
from services.search.config import ServiceConfig
from services.search.measures import Measures
from services.search.shelf import Shelf, Version


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A request that waits: its queries, how to search them, and who gets the answer."""

    queries: tuple[str, ...]
    ask: Ask
    answer: "asyncio.Future[Answer]"


Outcome = Answer | Exception


class Batcher:
    """The queue of requests, which belongs to one event loop, and the thread that answers them."""

    def __init__(self, shelf: Shelf, config: ServiceConfig, measures: Measures) -> None:
        """Answers come from whatever version the shelf has in front when a batch begins."""
        self._shelf = shelf
        self._config = config
        self._measures = measures
        self._waiting: deque[Waiting] = deque()
        self._size = 0
        self._busy = False
        self._batches: SimpleQueue[list[Waiting]] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="search", daemon=True)
        measures.waiting.set_function(lambda: self._size)

    def start(self) -> None:
        """Start the thread; answers are delivered to the event loop that calls this."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch that is searched, and end the thread."""
        self._batches.put([])
        self._thread.join()

    async def search(self, queries: Sequence[str], ask: Ask) -> Answer:
        """Search; the answer is from one version of the index.

        Raises:
            Overloaded: too many queries wait already.
            NotReady: no version is open.
        """
        waiting = Waiting(tuple(queries), ask, self._loop.create_future())
        if self._waiting and self._size + len(waiting.queries) > self._config.waiting_queries:
            raise Overloaded(f"{self._size} queries wait already; try again in a second")
        self._waiting.append(waiting)
        self._size += len(waiting.queries)
        if not self._busy:
            self._busy = True
            self._loop.call_soon(
                self._hand_over
            )  # after the requests that the same look at the sockets brought
        return await waiting.answer

    def _hand_over(self) -> None:
        """Give the thread the requests that wait, as many as a batch may hold but at least one."""
        batch: list[Waiting] = []
        size = 0
        while self._waiting:
            size += len(self._waiting[0].queries)
            if batch and size > self._config.batch_queries:
                break
            batch.append(self._waiting.popleft())
        self._size -= sum(len(waiting.queries) for waiting in batch)
        self._busy = bool(batch)
        if batch:
            self._batches.put(batch)

    def _work(self) -> None:
        while batch := self._batches.get():
            outcomes = self._answer(batch)
            self._loop.call_soon_threadsafe(self._deliver, batch, outcomes)

    def _deliver(self, batch: list[Waiting], outcomes: list[Outcome]) -> None:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.answer.done():
                continue  # its client has gone
            if isinstance(outcome, Answer):
                waiting.answer.set_result(outcome)
            else:
                waiting.answer.set_exception(outcome)
        self._loop.call_soon(self._hand_over)  # after those who wait for these answers

    def _answer(self, batch: list[Waiting]) -> list[Outcome]:
        """An outcome for every request: those of equal asks are searched together, all in one version."""
        groups: dict[Ask, list[int]] = {}
        for number, waiting in enumerate(batch):
            groups.setdefault(waiting.ask, []).append(number)
        outcomes: dict[int, Outcome] = {}
        try:
            with self._shelf.lease() as version:
                for ask, numbers in groups.items():
                    found = self._search(version, ask, [batch[number] for number in numbers])
                    outcomes |= dict(zip(numbers, found, strict=True))
        except Exception as error:  # noqa: BLE001 it is handed to everyone who waits for it
            outcomes |= {number: error for number in range(len(batch)) if number not in outcomes}
        return [outcomes[number] for number in range(len(batch))]

    def _search(self, version: Version, ask: Ask, group: list[Waiting]) -> list[Outcome]:
        """The outcomes of requests with one ask; where they fail together, each is tried by itself."""
        queries = [query for waiting in group for query in waiting.queries]
        self._measures.batch_queries.observe(len(queries))
        try:
            hits = version.index.search_many(queries, ask.method, ask.top_k, ask.alpha, ask.filters)
        except Exception as error:  # noqa: BLE001 it is handed to everyone who waits for it
            if len(group) == 1:
                return [error]
            return [outcome for waiting in group for outcome in self._search(version, ask, [waiting])]
        return _shared_out(version.sha256, hits, group)


def _shared_out(sha256: str, hits: list[list[Hit]], group: list[Waiting]) -> list[Outcome]:
    """The hits of each request, from those of all their queries in order."""
    answers: list[Outcome] = []
    start = 0
    for waiting in group:
        answers.append(Answer(sha256, hits[start : start + len(waiting.queries)]))
        start += len(waiting.queries)
    return answers
