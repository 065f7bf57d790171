"""A search sees what its filters allow, no more and no less, whatever the method."""

import gzip
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import Document, Passage
from tasks.indexing.config import IndexConfig
from tasks.retrieval.config import HashEmbedding
from tasks.retrieval.filters import KEPT_MASKS, Filters, Masks, as_of_date
from tasks.retrieval.index import METHODS, Index
from tasks.retrieval.passage_file import PassageFile, write_passages

DAYS = (None, "2024-01-01", "2024-01-02", "2024-02-29")
SOURCES = ("证监会", "交易所", "")
KINDS = ("law", "news", "")
TENANTS = ("", "bank-a", "bank-b")

FILTERS = st.builds(
    Filters,
    as_of=st.none() | st.dates(date(2023, 12, 30), date(2024, 3, 2)),
    undated=st.booleans(),
    sources=st.lists(st.sampled_from((*SOURCES, "无此源")), max_size=2).map(tuple),
    kinds=st.lists(st.sampled_from((*KINDS, "no such kind")), max_size=2).map(tuple),
    tenant=st.sampled_from((None, *TENANTS, "bank-c")),
)


def allowed(passage: Passage, filters: Filters) -> bool:
    """The rule in words, one passage at a time."""
    if passage.tenant and passage.tenant != filters.tenant:
        return False
    if filters.sources and passage.source not in filters.sources:
        return False
    if filters.kinds and passage.kind not in filters.kinds:
        return False
    if filters.as_of is None:
        return True
    if passage.published is None:
        return filters.undated
    return date.fromisoformat(passage.published) <= filters.as_of


PASSAGES = [
    Passage(f"d{n}#0", (f"d{n}",), "", "", "碳配额。", 0, 4, day, source, kind=kind, tenant=tenant)
    for n, (day, source, kind, tenant) in enumerate(product(DAYS, SOURCES, KINDS, TENANTS))
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> PassageFile:
    folder = tmp_path_factory.mktemp("passages")
    write_passages(folder, PASSAGES)
    return PassageFile.open(folder)


@given(FILTERS)
def test_the_mask_is_that_of_asking_every_passage(file: PassageFile, filters: Filters) -> None:
    mask = Masks(file).of(filters)
    expected = [allowed(passage, filters) for passage in PASSAGES]
    assert (mask.tolist() if mask is not None else [True] * len(PASSAGES)) == expected


def test_a_mask_is_made_once_and_cannot_be_written(file: PassageFile) -> None:
    masks = Masks(file)
    mask = masks.of(Filters(kinds=("law",)))
    assert mask is not None
    assert masks.of(Filters(kinds=("law",))) is mask
    assert not mask.flags.writeable
    for day in range(KEPT_MASKS):
        masks.of(Filters(date(2024, 1, 1) + timedelta(day)))
    assert masks.of(Filters(kinds=("law",))) is not mask


def test_a_search_that_may_see_everything_has_no_mask(tmp_path: Path) -> None:
    write_passages(tmp_path, [replace(passage, tenant="") for passage in PASSAGES])
    assert Masks(PassageFile.open(tmp_path)).of(Filters()) is None


def test_threads_that_share_masks_get_the_right_ones(file: PassageFile) -> None:
    masks, wrong = Masks(file), []

    def ask(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(200):
            filters = Filters(
                kinds=(rng.choice(KINDS),), tenant=rng.choice(TENANTS), sources=(rng.choice(SOURCES),)
            )
            if not np.array_equal(masks.of(filters), [allowed(passage, filters) for passage in PASSAGES]):
                wrong.append(filters)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "text", ["昨天", "", "2024-13-01", "20240101", "2024-W01-1", "2024-1-1", "2024-01-01T00:00"]
)
def test_what_is_no_date_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match=f"as_of is '{text}', wanted a date as YYYY-MM-DD"):
        as_of_date(text)
    assert as_of_date("2024-02-29") == date(2024, 2, 29)


@pytest.fixture(scope="module")
def tagged(build_index: Callable[..., Index]) -> Index:
    documents = [
        Document(
            f"d{n:03d}", f"碳配额价格第{n}号公告。", "碳配额", day, source, {"kind": kind, "tenant": tenant}
        )
        for n, (day, source, kind, tenant) in enumerate(product(DAYS, SOURCES, KINDS, TENANTS))
    ]
    return build_index(documents, IndexConfig(embedding=HashEmbedding(dimensions=64)))


@given(FILTERS, st.sampled_from(METHODS))
def test_every_method_finds_all_that_is_allowed_and_nothing_else(
    tagged: Index, filters: Filters, method: str
) -> None:
    found = {hit.document for hit in tagged.search("碳配额价格", method, top_k=200, filters=filters)}  # type: ignore[arg-type]
    rows = [tagged.passages.passage(row) for row in range(len(tagged.passages))]
    assert found == {passage.parents[0] for passage in rows if allowed(passage, filters)}


def test_ten_thousand_random_dates_leak_nothing(shared_data: Path, build_index: Callable[..., Index]) -> None:
    """Leak rate 0, over real news of four months, a quarter of them undated, and words of theirs as queries."""
    lines = gzip.decompress((shared_data / "docs" / "crud_news.jsonl.gz").read_bytes()).splitlines()[::50]
    rows = map(orjson.loads, lines)
    documents = [Document(row["id"], row["text"], "", row.get("published"), "s", {}) for row in rows]
    index = build_index(documents, IndexConfig(embedding=HashEmbedding(dimensions=64)), shard=1000)
    days = sorted(date.fromisoformat(row.published) for row in documents if row.published)
    rng = random.Random(20261122)
    leaks, asked, found = [], 0, 0
    for day in (rng.choice(days) - timedelta(rng.randint(0, 2)) for _ in range(250)):
        queries = [rng.choice(documents).contents[30:50] for _ in range(40)]
        answers = index.search_many(queries, rng.choice(METHODS), 5, filters=Filters(day))
        asked += len(queries)
        found += sum(map(len, answers))
        leaks += [
            h
            for hits in answers
            for h in hits
            if h.passage.published is None or h.passage.published > f"{day}"
        ]
    assert (asked, leaks) == (10_000, [])
    assert found > 10_000
