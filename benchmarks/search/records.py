"""Structured records: what the table and their words cost to write, and to ask.

    python benchmarks/search/records.py --data FOLDER [--rows N] [--sets cctv ...]

The records are the daily quotes of `docs/price_records.jsonl.gz` in the folder. The same questions are put to the table
and, as a plain alternative, to a filter over the Parquet file by pyarrow; and to the words of the records, which must
find the row of a code and a day first. Figures are CPU seconds of this process and medians of milliseconds.

With `--sets`, the documents of a query set and the records share an index: what its questions find with and without the
records beside, and how often questions for a row find it.
"""

import argparse
import gzip
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import TypeVar

import orjson
import pyarrow.parquet as pq
from sets import SOURCES, QuerySet, read_set

from datasets_registry.records import Document
from tasks.indexing.assemble import Structured, assemble
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.config import SearchConfig, TokenConfig
from tasks.retrieval.filters import Filters
from tasks.retrieval.index import METHODS, Index
from tasks.retrieval.ranking import no_documents
from tasks.retrieval.record_row import RecordRow, record_row
from tasks.retrieval.record_table import TABLE, Lookup, RecordTable, write_table
from tasks.retrieval.record_text import (
    RecordText,
    record_passage,
    record_tokens_shard,
    record_words,
    write_record_text,
)
from tasks.retrieval.tokens import shared_tokenizer
from tasks.runtime.parts import decode_rows, encode_rows

T = TypeVar("T")

ASKED = 200
FORMS = ("{} {:04}-{:02}-{:02} 收盘价", "{}在{}年{}月{}日的收盘价是多少？")
"""Questions for a row: code, year, month, day."""
SEED = 20261122


def main() -> None:
    """Write both, then ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds docs/")
    parser.add_argument("--rows", type=int, default=200_000, help="take so many records at most")
    parser.add_argument("--sets", nargs="*", choices=SOURCES, default=[])
    arguments = parser.parse_args()
    lines = gzip.decompress((arguments.data / "docs" / "price_records.jsonl.gz").read_bytes()).splitlines()
    documents = [_document(number, line) for number, line in enumerate(lines[: arguments.rows], start=1)]
    shared_tokenizer(TokenConfig()).tokens("加载")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rows = list(map(record_row, documents))
        print(f"{len(rows)} records")
        _spent("table written", lambda: write_table(folder, rows))
        print(f"  {(folder / TABLE).stat().st_size / 1e6:.1f} MB")
        tokens = _spent(
            "words cut", lambda: record_tokens_shard([encode_rows(documents).data], TokenConfig())
        )
        cut = [str(row["tokens"]).split() for row in decode_rows(tokens["tokens"].data)]
        _spent(
            "words written",
            lambda: write_record_text(folder, map(record_passage, rows), cut, SearchConfig(), ()),
        )
        table = _spent("table opened", lambda: RecordTable.open(folder))
        words = _spent("words opened", lambda: RecordText.open(folder))
        _ask(folder, table, words, random.Random(SEED).sample(rows, ASKED))
        for name in arguments.sets:
            _mixed(read_set(arguments.data, name), documents, folder / name)


def _ask(folder: Path, table: RecordTable, words: RecordText, some: list[RecordRow]) -> None:
    days = [date.fromisoformat(str(row.date)) for row in some]
    tokenizer = shared_tokenizer(TokenConfig())
    lookups = [Lookup(row.code, None, day, day) for row, day in zip(some, days, strict=True)]
    found = _timed("code and day, table", [lambda lookup=lookup: table.find(lookup) for lookup in lookups])
    assert [each[0].id for each in found] == [row.id for row in some]
    _timed(
        "code and day, pyarrow filters",
        [
            lambda row=row: pq.read_table(
                folder / TABLE, filters=[("code", "==", row.code), ("date", "==", row.date)]
            )
            for row in some[:20]
        ],
    )
    _timed("code, latest 20, table", [lambda row=row: table.find(Lookup(row.code)) for row in some])
    early = list(zip(some, days, strict=True))
    _timed(
        "code as of a day, table",
        [lambda row=row, day=day: table.find(Lookup(row.code), Filters(day)) for row, day in early],
    )
    queries = [record_words(f"{row.code} {row.date} 收盘价", tokenizer) for row in some]
    hits = _timed(
        "code and day, words",
        [lambda query=query: words.among([], query, 5, Filters(), no_documents(), None) for query in queries],
    )
    first = sum(each[0].document == row.id for each, row in zip(hits, some, strict=True))
    print(f"  {first} of {len(some)} rows found first")


def _mixed(asked: QuerySet, records: list[Document], folder: Path) -> None:
    """The questions of a set, and questions for rows, put to an index of both."""
    print(f"{asked.name}: {len(asked.documents)} documents beside {len(records)} records")
    config = IndexConfig(search=SearchConfig(engine="bm25s"))
    passages = passages_shard([encode_rows(asked.documents).data], config.passages)["passages"].data
    tokens = tokens_shard([passages], config.tokens)["tokens"].data
    vectors = vectors_shard([passages], config.embedding)["vectors"].data
    rows = encode_rows(records).data
    words = record_tokens_shard([rows], config.tokens)["tokens"].data
    both = config.model_copy(update={"records": "passages"})
    for name, how in (("table", config), ("passages", both)):
        structured = Structured([rows], [words])
        assemble(folder / name, [passages], [tokens], [vectors], how, "0" * 64, records=structured)
    table, text = Index.open(folder / "table"), Index.open(folder / "passages")
    some = [record_row(each) for each in random.Random(SEED).sample(records, ASKED)]
    questions = [*asked.development, *asked.test][: 2 * ASKED]
    for method in METHODS[:1] + METHODS[2:]:  # records have no vectors
        for index, what in ((table, "without records"), (text, "with records")):
            found = index.search_many([question.query for question in questions], method, 5)
            right = sum(
                any(hit.document in question.gold for hit in hits)
                for hits, question in zip(found, questions, strict=True)
            )
            print(f"  {method:7} {what:18} success@5 {right / len(questions):.4f}")
        for form in FORMS:
            asks = [form.format(row.code, *(int(part) for part in str(row.date).split("-"))) for row in some]
            found = text.search_many(asks, method, 5)
            places = [[hit.document for hit in hits] for hits in found]
            first = sum(ids[0] == row.id for ids, row in zip(places, some, strict=True))
            five = sum(row.id in ids for ids, row in zip(places, some, strict=True))
            print(f"  {method:7} {form}: {first} of {len(some)} first, {five} in the first five")


def _document(number: int, line: bytes) -> Document:
    row = orjson.loads(line)
    text = " ".join(f"{name} {value}" for name, value in row["record"].items())
    origin = {"record": row["record"], "input_file": "price_records", "input_line": number, "kind": "quote"}
    return Document(row["id"], text, "", row["published"], row["source"], origin)


def _spent(what: str, work: Callable[[], T]) -> T:
    began = time.process_time()
    made = work()
    print(f"  {what:30} {time.process_time() - began:8.2f} CPU s")
    return made


def _timed(what: str, works: list[Callable[[], T]]) -> list[T]:
    works[0]()  # what is loaded once
    taken, made = [], []
    for work in works:
        began = time.perf_counter()
        made.append(work())
        taken.append(time.perf_counter() - began)
    print(f"  {what:30} {1000 * median(taken):8.2f} ms")
    return made


if __name__ == "__main__":
    main()
