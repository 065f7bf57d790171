"""Structured records (quotes, net values) as one Parquet table, looked up by code, name and date.

Any program that reads Parquet reads it. Rows stand in the order of the corpus, in groups of a fixed size, so equal
records give equal bytes. An opened table holds a few numbers a row; rows are read from the file when they are found.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from tasks.retrieval.filters import Filters, Masks, labelled
from tasks.retrieval.passage_file import UNDATED, Labels, day_number
from tasks.retrieval.record_row import RecordRow
from tasks.text.facts import MARKETS
from tasks.text.segment import fold

TABLE = "records.parquet"
GROUP = 1024
"""Rows of a row group."""
LIMIT = 20
MOST = 1000
"""Rows of a lookup, by default and at most."""
SECURITY = re.compile(r"(?:(SH|SZ|BJ)\.?)?([0-9]{4,6})(?:\.(SH|SZ|BJ|SS|OF|HK|XSHG|XSHE))?")


SCHEMA = pa.schema(
    [
        (field.name, pa.int64() if field.name == "line" else pa.string())  # `fields` as JSON
        for field in fields(RecordRow)
    ]
)
INDEXED = ("code", "name", "source", "kind", "tenant", "date", "known")


@dataclass(frozen=True, slots=True)
class Lookup:
    """Which rows are wanted; what is None is any, but something must be said.

    Args:
        code: a security's code; with a market (600519.SH, SH600519) also rows that name none, and the other way round.
        name: its name, in full; width, case and white space do not count.
        first: rows of this day or later.
        last: rows of this day or earlier.
    """

    code: str | None = None
    name: str | None = None
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` where nothing is said."""
        if not (self.code or self.name or self.first or self.last):
            raise ValueError("cannot look up records by nothing; give a code, a name or a day")


def write_table(folder: Path, rows: Iterable[RecordRow]) -> int:
    """Write the rows in order and return how many there are; without any there is no file."""
    import pyarrow.parquet as pq  # noqa: PLC0415 slow to load

    waiting, written, writer = iter(rows), 0, None
    try:
        while group := list(islice(waiting, GROUP)):
            writer = writer or pq.ParquetWriter(folder / TABLE, SCHEMA, compression="zstd")
            writer.write_table(_columns(group), GROUP)
            written += len(group)
    finally:
        if writer:
            writer.close()
    return written


def _columns(rows: Sequence[RecordRow]) -> pa.Table:
    columns = {name: [getattr(row, name) for row in rows] for name in SCHEMA.names}
    columns["fields"] = [orjson.dumps(row.fields).decode() for row in rows]
    return pa.Table.from_pydict(columns, SCHEMA)


class RecordTable:
    """An opened table; safe to share between threads. `days` and the labels say who may see a row, and when."""

    def __init__(self, data: pa.Buffer, metadata: Any, columns: pa.Table) -> None:  # noqa: ANN401 pyarrow has no types
        """Wrap a mapped file and its `INDEXED` columns; use `open`."""
        self._data = data
        self._metadata = metadata
        self._codes, self._names = _labels(columns["code"]), _labels(columns["name"])
        self.sources, self.kinds = _labels(columns["source"]), _labels(columns["kind"])
        self.tenants = _labels(columns["tenant"])
        self.days = _days(columns["known"])
        self._dates = _days(columns["date"])
        self._masks = Masks(self)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what `write_table` wrote; raises `OSError` or `ValueError` where it cannot be read."""
        import pyarrow.parquet as pq  # noqa: PLC0415 slow to load

        data = pa.memory_map(str(folder / TABLE)).read_buffer()
        file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=list(INDEXED))
        if not file.schema_arrow.remove_metadata().names == SCHEMA.names:
            raise ValueError(f"{folder / TABLE} has columns {file.schema_arrow.names}, wanted {SCHEMA.names}")
        return cls(data, file.metadata, file.read(columns=list(INDEXED)))

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.days)

    def find(self, lookup: Lookup, filters: Filters = Filters(), limit: int = LIMIT) -> list[RecordRow]:
        """The rows that are wanted and may be seen, the latest day first, then in the order of the corpus.

        Args:
            lookup: which rows.
            filters: who asks, and as of when: what was not known by then is not found.
            limit: rows at most, the latest ones.

        Raises:
            ValueError: `limit` is out of range.
        """
        if not 1 <= limit <= MOST:
            raise ValueError(f"cannot look up {limit} records; wanted 1 to {MOST}")
        mask = self._wanted(lookup)
        allowed = self._masks.of(filters)
        rows = np.flatnonzero(mask if allowed is None else mask & allowed)
        latest = rows[np.lexsort((rows, -self._dates[rows].astype(np.int64)))][:limit]
        return self._read(latest.tolist())

    def _wanted(self, lookup: Lookup) -> NDArray[np.bool_]:
        mask = np.ones(len(self), np.bool_)
        if lookup.code:
            mask &= _matching(self._codes, _same_code(lookup.code))
        if lookup.name:
            mask &= _matching(self._names, _same_name(lookup.name))
        if lookup.first is not None:
            mask &= self._dates >= lookup.first.toordinal()
        if lookup.last is not None:
            mask &= (self._dates <= lookup.last.toordinal()) & (self._dates != UNDATED)
        return mask

    def _read(self, rows: list[int]) -> list[RecordRow]:
        """The rows of these numbers, in this order; each of their groups is read once."""
        import pyarrow.parquet as pq  # noqa: PLC0415 slow to load

        file = pq.ParquetFile(pa.BufferReader(self._data), metadata=self._metadata)
        found: dict[int, RecordRow] = {}
        for group, some in groupby(sorted(rows), lambda row: row // GROUP):
            numbers = list(some)
            taken = file.read_row_group(group).take([row % GROUP for row in numbers]).to_pylist()
            for row, values in zip(numbers, taken, strict=True):
                found[row] = RecordRow(**values | {"fields": orjson.loads(values["fields"])})
        return [found[row] for row in rows]


def _same_code(wanted: str) -> Callable[[str], bool]:
    number, market = _security(wanted)

    def same(code: str) -> bool:
        held, of = _security(code)
        return held == number and (not market or not of or market == of)

    return same


def _security(code: str) -> tuple[str, str]:
    """A code's number and market; what is no security's code is taken as it is."""
    text = fold(code).upper().strip()
    match = SECURITY.fullmatch(text)
    if match is None:
        return text, ""
    market = match[1] or match[3] or ""
    return match[2], MARKETS.get(market, market)


def _same_name(wanted: str) -> Callable[[str], bool]:
    folded = "".join(fold(wanted).split())
    return lambda name: "".join(fold(name).split()) == folded


def _matching(labels: Labels, accepts: Callable[[str], bool]) -> NDArray[np.bool_]:
    """The rows whose label is accepted; an empty label says nothing and never is."""
    return labelled(labels, {name for name in labels.names if name and accepts(name)})


def _labels(column: pa.ChunkedArray) -> Labels:
    one = column.unify_dictionaries().combine_chunks()
    return Labels(np.asarray(one.indices, np.int32), tuple(one.dictionary.to_pylist()))


def _days(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """The proleptic Gregorian days of dates; `UNDATED` where there is none."""
    one = column.unify_dictionaries().combine_chunks()
    days = np.array([*map(day_number, one.dictionary.to_pylist()), UNDATED], np.int32)
    return np.asarray(days[np.asarray(one.indices.fill_null(len(days) - 1))], np.int32)
