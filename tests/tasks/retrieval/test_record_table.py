"""Rows are found by code, name and date as by looking at every one, and none is shown too early or to others."""

import gzip
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import Document
from tasks.retrieval.filters import Filters
from tasks.retrieval.record_row import RecordRow, record_row
from tasks.retrieval.record_table import GROUP, TABLE, Lookup, RecordTable, write_table

CODES = ("600519", "600519.SH", "sz000001", "000001", "")
NAMES = ("贵州茅台", "平 安银行", "")
DAYS = (None, "2024-01-01", "2024-01-02", "2024-02-29")
PLAIN = RecordRow("", "", "", "", None, None, "s", "quote", "", "q.jsonl", 1, "代码 1", {"代码": "1"})
ROWS = [
    replace(PLAIN, id=f"r{n}", line=n, code=code, name=name, date=day, known=day and max(day, known), tenant=tenant)
    for n, (code, name, day, known, tenant) in enumerate(
        product(CODES, NAMES, DAYS, ("2023-01-01", "2024-01-02"), ("", "bank-a"))
    )
]  # fmt: skip
SAME = {"600519": {"600519", "600519.SH"}, "SH600519": {"600519", "600519.SH"}, "600519.SZ": {"600519"},
        "000001": {"sz000001", "000001"}, "000001.XSHE": {"sz000001", "000001"}, "1": set()}  # fmt: skip
LOOKUPS = st.builds(
    lambda code, name, days: (code, name, *sorted(days, key=lambda day: day or date.min)),
    st.none() | st.sampled_from(sorted(SAME)),
    st.none() | st.sampled_from(("贵州茅台", "平安银行", "茅台")),
    st.lists(st.dates(date(2023, 12, 31), date(2024, 3, 1)), min_size=2, max_size=2),
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> RecordTable:
    folder = tmp_path_factory.mktemp("records")
    assert write_table(folder, ROWS) == len(ROWS)
    return RecordTable.open(folder)


def latest(rows: Sequence[RecordRow]) -> list[RecordRow]:
    return sorted(rows, key=lambda row: row.date or "", reverse=True)


@given(
    LOOKUPS,
    st.booleans(),
    st.none() | st.dates(date(2023, 12, 31), date(2024, 3, 1)),
    st.booleans(),
    st.sampled_from((None, "bank-a", "bank-b")),
    st.integers(1, 300),
)
def test_rows_are_those_of_looking_at_every_one(
    table: RecordTable,
    wanted: tuple[str | None, str | None, date, date],
    dated: bool,
    as_of: date | None,
    undated: bool,
    tenant: str | None,
    limit: int,
) -> None:
    code, name, first, last = wanted
    if not dated and not code and not name:
        return
    lookup = Lookup(code, name, first if dated else None, last if dated else None)
    expected = [
        row
        for row in ROWS
        if (not code or row.code in SAME[code])
        and (not name or row.name.replace(" ", "") == name)
        and (not dated or (row.date is not None and f"{first}" <= row.date <= f"{last}"))
        and (as_of is None or (undated if row.known is None else row.known <= f"{as_of}"))
        and row.tenant in ("", tenant)
    ]
    assert table.find(lookup, Filters(as_of, undated, tenant=tenant), limit) == latest(expected)[:limit]


def test_rows_of_several_groups_come_back_whole_and_equal_rows_are_equal_bytes(tmp_path: Path) -> None:
    rows = [
        replace(PLAIN, id=f"r{n}", code=f"{600000 + n % 7}", date="2024-01-01", known="2024-01-01", line=n)
        for n in range(2 * GROUP + 5)
    ]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert write_table(tmp_path / name, iter(rows)) == len(rows)
    assert (tmp_path / "one" / TABLE).read_bytes() == (tmp_path / "two" / TABLE).read_bytes()
    found = RecordTable.open(tmp_path / "one").find(Lookup(code="600003"), limit=1000)
    assert found == [row for row in rows if row.code == "600003"][:1000]


def test_without_rows_there_is_no_file(tmp_path: Path) -> None:
    assert write_table(tmp_path, []) == 0
    assert list(tmp_path.iterdir()) == []


def test_nothing_and_too_much_are_refused(table: RecordTable) -> None:
    with pytest.raises(ValueError, match="give a code, a name or a day"):
        Lookup(code="")
    assert table.find(Lookup(first=date(2024, 1, 2), last=date(2024, 1, 1))) == []
    for limit in (0, 1001):
        with pytest.raises(ValueError, match=f"cannot look up {limit} records; wanted 1 to 1000"):
            table.find(Lookup(code="1"), limit=limit)


def test_a_file_of_other_columns_or_noise_is_refused(tmp_path: Path) -> None:
    (tmp_path / TABLE).write_bytes(b"\x07" * 1000)
    with pytest.raises((OSError, ValueError)):
        RecordTable.open(tmp_path)


def test_real_quotes_are_found_with_their_lines_and_never_before_their_day(
    shared_data: Path, tmp_path: Path
) -> None:
    lines = gzip.decompress((shared_data / "docs" / "price_records.jsonl.gz").read_bytes()).splitlines()
    picked = [(n, orjson.loads(line)) for n, line in enumerate(lines[::20], start=1)]
    documents = [
        Document(row["id"], "", "", row["published"], row["source"],
                 {"record": row["record"], "input_file": "p", "input_line": n})
        for n, row in picked
    ]  # fmt: skip
    rows = list(map(record_row, documents))
    write_table(tmp_path, rows)
    table = RecordTable.open(tmp_path)
    chance, found = random.Random(20261122), 0
    for _ in range(100):
        row = chance.choice(rows)
        assert row.date is not None
        day = date.fromisoformat(row.date)
        (hit,) = table.find(Lookup(code=row.code, first=day, last=day))
        assert hit == row
        as_of = day + timedelta(chance.randint(-400, 400))
        seen = table.find(Lookup(code=row.code), Filters(as_of), 1000)
        found += len(seen)
        assert (
            seen
            == latest([each for each in rows if each.code == row.code and str(each.known) <= f"{as_of}"])[
                :1000
            ]
        )
    assert found > 1000
