"""The passages of an index: text in one Arrow file, read row by row from a memory map, and small arrays.

The arrays answer for every row without touching the text: the document it belongs to (numbered in the order
of document ids, so that ties by number are ties by id), the day it was published, and its source, kind and tenant.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from datasets_registry.records import Passage

TEXT = "passages.arrow"
DOCUMENTS = "documents.npy"
DAYS = "days.npy"
LABELS = "labels.npy"
LABEL_NAMES = "labels.json"
LABELLED = ("source", "kind", "tenant")
"""The rows of `labels.npy`: codes of the passages' sources, kinds and tenants."""
BLOCK = 1024
"""Rows of an Arrow batch: fixed, so that the file does not depend on how the input was sharded."""
UNDATED = 0
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("id", "document", "title", "heading", "text")]
    + [("start", pa.int64()), ("end", pa.int64()), ("published", pa.string()), ("source", pa.string())]
    + [("file", pa.string()), ("line", pa.int64()), ("kind", pa.string()), ("tenant", pa.string())]
)


@dataclass(frozen=True, slots=True)
class PassageCounts:
    """How many passages were written, of how many documents, and how many of the passages have no date."""

    passages: int
    documents: int
    undated: int


@dataclass(frozen=True, slots=True)
class Labels:
    """One label a row: row n is labelled `names[codes[n]]`; `names` are sorted and distinct."""

    codes: NDArray[np.int32]
    names: tuple[str, ...]


def write_passages(folder: Path, passages: Iterable[Passage]) -> PassageCounts:
    """Write the passages in order; equal passages give equal bytes."""
    numbers: dict[str, int] = {}
    documents: list[int] = []
    days: list[int] = []
    labels: dict[str, list[str]] = {name: [] for name in LABELLED}
    block: list[Passage] = []
    with pa.OSFile(str(folder / TEXT), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for passage in passages:
            documents.append(numbers.setdefault(passage.parents[0], len(numbers)))
            days.append(day_number(passage.published))
            for name in LABELLED:
                labels[name].append(sys.intern(getattr(passage, name)))
            block.append(passage)
            if len(block) == BLOCK:
                writer.write_batch(_batch(block))
                block.clear()
        if block:
            writer.write_batch(_batch(block))
    position = np.empty(len(numbers), np.int32)
    position[[numbers[name] for name in sorted(numbers)]] = np.arange(len(numbers), dtype=np.int32)
    np.save(folder / DOCUMENTS, position[np.array(documents, np.int32)], allow_pickle=False)
    np.save(folder / DAYS, np.array(days, np.int32), allow_pickle=False)
    _write_labels(folder, labels)
    return PassageCounts(len(documents), len(numbers), days.count(UNDATED))


def _batch(passages: Sequence[Passage]) -> pa.RecordBatch:
    columns = {
        name: [getattr(passage, name) for passage in passages] for name in SCHEMA.names if name != "document"
    }
    return pa.RecordBatch.from_pydict(
        columns | {"document": [passage.parents[0] for passage in passages]}, schema=SCHEMA
    )


def _write_labels(folder: Path, labels: Mapping[str, Sequence[str]]) -> None:
    """Write the codes `[LABELLED, rows]` and the names that they stand for."""
    names = {kind: sorted(set(column)) for kind, column in labels.items()}
    numbers = {kind: {name: code for code, name in enumerate(known)} for kind, known in names.items()}
    codes = [[numbers[kind][name] for name in column] for kind, column in labels.items()]
    np.save(folder / LABELS, np.array(codes, np.int32), allow_pickle=False)
    (folder / LABEL_NAMES).write_bytes(orjson.dumps(names))


def _read_labels(folder: Path) -> list[Labels]:
    """What `_write_labels` wrote, in the order of `LABELLED`; raises `ValueError` if codes have no name."""
    codes, names = np.load(folder / LABELS), orjson.loads((folder / LABEL_NAMES).read_bytes())
    labels = [Labels(column, tuple(names[kind])) for kind, column in zip(LABELLED, codes, strict=True)]
    for kind, label in zip(LABELLED, labels, strict=True):
        if not 0 <= label.codes.min(initial=0) <= label.codes.max(initial=0) < max(len(label.names), 1):
            raise ValueError(f"{folder / LABELS} has {kind} codes without a name in {LABEL_NAMES}")
    return labels


def day_number(published: str | None) -> int:
    """The proleptic Gregorian day of `YYYY-MM-DD`; `UNDATED` for anything that is no such date."""
    try:
        return date.fromisoformat(published or "").toordinal()
    except ValueError:
        return UNDATED


def _reader(column: pa.Array) -> Callable[[int], object]:
    """What reads a cell of a mapped column; Arrow would make an object of each first, five times slower."""
    if column.null_count:
        return lambda row: column[row].as_py()
    if pa.types.is_integer(column.type):
        return memoryview(column.buffers()[1]).cast("q").__getitem__
    _, ends, data = column.buffers()
    places, text = memoryview(ends).cast("i"), memoryview(data or b"")
    return lambda row: str(text[places[row] : places[row + 1]], "utf-8")


class PassageFile:
    """The passages of an opened index: `documents` and `days` hold one number a row, the others one label a row."""

    def __init__(
        self,
        batches: list[pa.RecordBatch],
        documents: NDArray[np.int32],
        days: NDArray[np.int32],
        labels: Sequence[Labels],
    ) -> None:
        """Wrap mapped data; use `open`."""
        self._batches = batches
        self._cells = [[_reader(column) for column in batch.columns] for batch in batches]
        self.documents = documents
        self.days = days
        self.sources, self.kinds, self.tenants = labels

    def __len__(self) -> int:
        """How many passages there are."""
        return len(self.documents)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what `write_passages` wrote; raises `ValueError` where its files do not belong together."""
        reader = pa.ipc.open_file(pa.memory_map(str(folder / TEXT)))
        batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        documents, days, labels = np.load(folder / DOCUMENTS), np.load(folder / DAYS), _read_labels(folder)
        rows = {len(column) for column in (documents, days, *(label.codes for label in labels))}
        if rows != {sum(batch.num_rows for batch in batches)}:
            raise ValueError(f"{folder} holds {TEXT}, {DOCUMENTS}, {DAYS} and {LABELS} of different lengths")
        return cls(batches, documents, days, labels)

    def passage(self, row: int) -> Passage:
        """The passage of a row."""
        batch, offset = divmod(row, BLOCK)
        identity, document, *rest = [cell(offset) for cell in self._cells[batch]]
        return Passage(identity, (document,), *rest)  # type: ignore[arg-type]  # in the order of SCHEMA

    def document_ids(self) -> list[str]:
        """The ids of all documents, sorted: the id of document number n is the n-th."""
        column = SCHEMA.get_field_index("document")
        return sorted({name for batch in self._batches for name in batch[column].unique().to_pylist()})
