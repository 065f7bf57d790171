"""Requests are searched together where they may be, fail alone, and are turned away when too many wait."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from datasets_registry.records import Hit
from services.search.asking import Answer, Ask, NotReady, Overloaded
from services.search.batching import Batcher
from services.search.config import ServiceConfig
from services.search.measures import Measures
from services.search.shelf import Shelf, Version
from tasks.retrieval.filters import Filters, as_of_date
from tasks.retrieval.index import Index, Method

ASK = Ask("bm25", 3, None, Filters())


class Slow:
    """An index that searches when it is let, notes what it was asked together, and stumbles over some words."""

    def __init__(self, index: Index) -> None:
        self.together: list[list[str]] = []
        self.go = threading.Event()
        self._index = index

    def search_many(
        self, queries: Sequence[str], method: Method, top_k: int, alpha: float | None, filters: Filters
    ) -> list[list[Hit]]:
        self.go.wait(10)
        self.together.append(list(queries))
        if any("毒" in query for query in queries):
            raise RuntimeError("poison")
        return self._index.search_many(queries, method, top_k, alpha, filters)


@pytest.fixture
def index(first_folder: Path) -> Slow:
    return Slow(Index.open(first_folder))


@pytest.fixture
def shelf(index: Slow) -> Shelf:
    shelf = Shelf()
    shelf.put(Version("a" * 64, cast(Index, index), datetime.now(UTC), lambda: None))
    return shelf


def run(
    shelf: Shelf, index: Slow, asks: list[tuple[list[str], Ask]], **settings: int
) -> list[Answer | BaseException]:
    """The outcomes of requests that all wait before the first is searched, but for one that keeps the thread busy."""

    async def ask_all() -> list[Answer | BaseException]:
        batcher = Batcher(shelf, ServiceConfig(**settings), Measures(shelf))
        batcher.start()
        busy = asyncio.create_task(batcher.search(["先来"], ASK))
        await asyncio.sleep(0.05)
        tasks = [asyncio.create_task(batcher.search(queries, ask)) for queries, ask in asks]
        await asyncio.sleep(0.05)
        index.go.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await busy
        batcher.stop()
        return outcomes

    return asyncio.run(ask_all())


def found(outcome: Answer | BaseException) -> list[list[str]]:
    assert isinstance(outcome, Answer)
    return [[hit.document for hit in hits] for hits in outcome.hits]


def test_equal_asks_are_searched_together_and_each_gets_its_own(shelf: Shelf, index: Slow) -> None:
    asks = [(["利率"], ASK), (["碳配额", "债券"], ASK), (["黄金"], ASK)]
    outcomes = run(shelf, index, asks)
    assert index.together == [["先来"], ["利率", "碳配额", "债券", "黄金"]]
    for (queries, _), outcome in zip(asks, outcomes, strict=True):
        assert found(outcome) == [found_alone(index, query) for query in queries]


def found_alone(index: Slow, query: str) -> list[str]:
    return [hit.document for hit in index._index.search(query, "bm25", 3)]


def test_different_asks_are_not_mixed(shelf: Shelf, index: Slow) -> None:
    others = [
        replace(ASK, method="dense"),
        replace(ASK, top_k=1),
        replace(ASK, alpha=0.5),
        replace(ASK, filters=Filters(as_of_date("2024-03-01"))),
        replace(ASK, filters=Filters(tenant="bank")),
    ]
    outcomes = run(shelf, index, [(["利率"], ask) for ask in others])
    assert index.together == [["先来"]] + [["利率"]] * len(others)
    assert [len(found(outcome)[0]) for outcome in outcomes][:2] == [3, 1]


def test_a_batch_holds_so_many_queries_and_at_least_one_request(shelf: Shelf, index: Slow) -> None:
    asks = [([f"词{number}"] * 3, ASK) for number in range(4)] + [(["多"] * 40, ASK)]
    run(shelf, index, asks, batch_queries=7)
    assert [len(queries) for queries in index.together] == [1, 6, 6, 40]


def test_a_request_that_fails_takes_no_other_with_it(shelf: Shelf, index: Slow) -> None:
    good, bad, also_good = run(shelf, index, [(["利率"], ASK), (["毒"], ASK), (["黄金"], ASK)])
    assert found(good) and found(also_good)
    assert isinstance(bad, RuntimeError)


def test_too_many_waiting_queries_are_turned_away(shelf: Shelf, index: Slow) -> None:
    outcomes = run(shelf, index, [(["利率"], ASK)] * 6, waiting_queries=4)
    assert [isinstance(outcome, Answer) for outcome in outcomes] == [True] * 4 + [False] * 2
    assert all(isinstance(outcome, Overloaded) for outcome in outcomes[4:])


def test_without_an_index_nothing_waits_for_one(index: Slow) -> None:
    index.go.set()
    (outcome,) = run_without_version(index)
    assert isinstance(outcome, NotReady)


def run_without_version(index: Slow) -> list[Answer | BaseException]:
    async def ask() -> list[Answer | BaseException]:
        shelf = Shelf()
        batcher = Batcher(shelf, ServiceConfig(), Measures(shelf))
        batcher.start()
        outcomes = await asyncio.gather(batcher.search(["利率"], ASK), return_exceptions=True)
        batcher.stop()
        return outcomes

    return asyncio.run(ask())
