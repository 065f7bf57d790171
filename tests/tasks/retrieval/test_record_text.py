"""Records that are searched as text are found by what they say, and leave the scores of texts as they were."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import orjson
import pytest

from datasets_registry.records import Document
from tasks.indexing.config import IndexConfig
from tasks.retrieval.config import HashEmbedding, SearchConfig
from tasks.retrieval.filters import Filters
from tasks.retrieval.fusion import Fusion, placed
from tasks.retrieval.index import METHODS, Index
from tasks.retrieval.manifest import MANIFEST, UnusableIndex
from tasks.retrieval.record_table import Lookup

TEXTS = [
    Document(f"t{n}", f"第{n}家公司发布公告，收盘价和成交量均有变化，股票代码{n:06d}。" * (n % 3 + 1), f"公告{n}",
             "2019-01-01", "news", {})
    for n in range(12)
]  # fmt: skip
RECORDS = [
    Document(
        f"q{code}-{day}",
        f"股票代码 {code} 交易日期 201901{day} 收盘价 {day}.5 成交量 {day}00",
        "",
        f"2019-01-{day}",
        "quotes",
        {
            "record": {"股票代码": code, "交易日期": f"201901{day}"},
            "kind": "quote",
            "tenant": "b" if day == 25 else "",
        },
    )
    for code in ("002851", "600519")
    for day in range(21, 29)
]
QUERIES = [
    "002851 20190124 收盘价",
    "收盘价 成交量",
    "公告7",
    "第3家公司 股票代码 000003",
    "600519",
    "无此词",
    "",
]


def config(records: Literal["table", "passages"], fusion: Fusion = "minmax") -> IndexConfig:
    search = SearchConfig(fusion=fusion, engine="bm25s")
    return IndexConfig(embedding=HashEmbedding(dimensions=64), search=search, records=records)


@pytest.fixture(scope="module")
def found(build_index: Callable[..., Index]) -> Index:
    return build_index(TEXTS, config("passages"), records=RECORDS)


@pytest.mark.parametrize("fusion", get_args(Fusion))
@pytest.mark.parametrize("method", METHODS)
def test_texts_score_to_the_bit_what_they_score_without_records(
    build_index: Callable[..., Index], fusion: Fusion, method: str
) -> None:
    without = build_index(TEXTS, config("table", fusion))
    with_records = build_index(TEXTS, config("passages", fusion), records=RECORDS)
    for query in QUERIES:
        alone = without.search(query, method, top_k=50)  # type: ignore[arg-type]
        both = with_records.search(query, method, top_k=50)  # type: ignore[arg-type]
        assert [hit for hit in both if hit.document.startswith("t")] == alone
        assert [hit.score for hit in both] == sorted((hit.score for hit in both), reverse=True)
        if method == "dense":
            assert both == alone


def test_a_code_and_a_day_find_their_record_first(found: Index) -> None:
    for method in ("bm25", "hybrid"):
        hit = found.search(QUERIES[0], method, top_k=1)[0]  # type: ignore[arg-type]
        assert (hit.document, hit.passage.text) == ("q002851-24", RECORDS[3].contents)


@pytest.mark.parametrize("written", ["2019年1月24日", "2019-01-24", "2019/1/24", "20190124"])
def test_a_day_is_found_however_it_is_written(found: Index, written: str) -> None:
    hits = found.search(f"600519在{written}的收盘价", "hybrid", top_k=20)
    assert next(hit.document for hit in hits if hit.document.startswith("q")) == "q600519-24"


def test_words_that_stand_in_every_record_bring_none_before_the_texts(found: Index) -> None:
    for method in ("bm25", "hybrid"):
        hits = found.search("收盘价 成交量", method, top_k=5)  # type: ignore[arg-type]
        assert {hit.document[0] for hit in hits} == {"t"}


def test_records_obey_the_filters(found: Index) -> None:
    def ids(filters: Filters) -> set[str]:
        hits = found.search("002851 收盘价", "bm25", top_k=50, filters=filters)
        return {hit.document for hit in hits if hit.document.startswith("q002851")}

    open_days = {f"q002851-{day}" for day in range(21, 29) if day != 25}
    assert ids(Filters()) == open_days
    assert ids(Filters(tenant="b")) == open_days | {"q002851-25"}
    assert ids(Filters(as_of=date(2019, 1, 23))) == {"q002851-21", "q002851-22", "q002851-23"}
    assert ids(Filters(kinds=("law",))) == ids(Filters(sources=("news",))) == set()
    row = found.find_records(Lookup(code="002851"), Filters(as_of=date(2019, 1, 23)))[0]
    assert row.id == "q002851-23"


def test_asking_for_more_never_changes_the_first(found: Index) -> None:
    for query in QUERIES:
        for method in METHODS:
            few, many = (found.search(query, method, top_k=k) for k in (3, 30))
            assert many[:3] == few


def test_shards_leave_no_trace_and_the_table_is_there_either_way(write_index: Callable[..., Path]) -> None:
    one, two = (write_index(TEXTS, config("passages"), shard, RECORDS) for shard in (3, 100))
    files = [{p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in (one, two)]
    assert files[0] == files[1]
    table = write_index(TEXTS, config("table"), records=RECORDS)
    assert not (table / "records").exists()
    assert (table / "records.parquet").read_bytes() == (one / "records.parquet").read_bytes()
    assert Index.open(table, intact=True).manifest.record_rows == len(RECORDS)


def test_an_index_without_records_has_no_table_and_finds_none(write_index: Callable[..., Path]) -> None:
    folder = write_index(TEXTS, config("passages"))
    assert not (folder / "records.parquet").exists()
    index = Index.open(folder, intact=True)
    assert index.find_records(Lookup(code="002851")) == []
    assert index.search("002851 收盘价", "bm25")


@pytest.mark.parametrize(
    "name", ["records.parquet", "records/passages.arrow", "records/bm25/vocab.index.json"]
)
def test_damaged_records_are_refused(write_index: Callable[..., Path], name: str) -> None:
    folder = write_index(TEXTS, config("passages"), records=RECORDS)
    (folder / name).write_bytes(b"\x07" * (folder / name).stat().st_size)
    with pytest.raises(UnusableIndex, match="the index is damaged"):
        Index.open(folder)


def test_other_records_than_the_manifest_counts_are_refused(write_index: Callable[..., Path]) -> None:
    folder = write_index(TEXTS, config("passages"), records=RECORDS)
    path = folder / MANIFEST
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"record_rows": 3}))
    with pytest.raises(UnusableIndex, match="holds 16 records, the manifest says 3"):
        Index.open(folder)


def test_a_record_is_placed_where_a_text_of_its_score_would_be() -> None:
    words, records = np.array([8.0, 6.0, 4.0]), np.array([10.0, 6.0, 2.0])
    assert placed(records, words, "minmax").tolist() == [1.5, 0.5, 0.0]
    assert placed(records, np.empty(0), "minmax").tolist() == [1.0, 0.6, 0.2]
    assert placed(records, words, "weighted_rrf").tolist() == [1 / 61, 1 / 63, 1 / 66]
    assert placed(records, words, "rrf").tolist() == [2 / 61, 2 / 63, 2 / 66]
