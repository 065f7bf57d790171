"""The passages of an index: text in one Arrow file, read row by row from a memory map, and two small arrays.

The arrays answer for every row without touching the text: the document it belongs to (numbered in the order
of document ids, so that ties by number are ties by id) and the day it was published.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datasets_registry.records import Passage

TEXT = "passages.arrow"
DOCUMENTS = "documents.npy"
DAYS = "days.npy"
BLOCK = 1024
"""Rows of an Arrow batch: fixed, so that the file does not depend on how the input was sharded."""
UNDATED = 0
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("id", "document", "title", "heading", "text")]
    + [("start", pa.int64()), ("end", pa.int64()), ("published", pa.string()), ("source", pa.string())]
    + [("file", pa.string()), ("line", pa.int64())]
)


@dataclass(frozen=True, slots=True)
class PassageCounts:
    """How many passages were written, of how many documents, and how many of the passages have no date."""

    passages: int
    documents: int
    undated: int


def write_passages(folder: Path, passages: Iterable[Passage]) -> PassageCounts:
    """Write the passages in order; equal passages give equal bytes."""
    numbers: dict[str, int] = {}
    documents: list[int] = []
    days: list[int] = []
    block: list[dict[str, object]] = []
    with pa.OSFile(str(folder / TEXT), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for passage in passages:
            documents.append(numbers.setdefault(passage.parents[0], len(numbers)))
            days.append(day_number(passage.published))
            block.append({name: getattr(passage, name) for name in SCHEMA.names if name != "document"})
            block[-1]["document"] = passage.parents[0]
            if len(block) == BLOCK:
                writer.write_batch(pa.RecordBatch.from_pylist(block, schema=SCHEMA))
                block.clear()
        if block:
            writer.write_batch(pa.RecordBatch.from_pylist(block, schema=SCHEMA))
    position = np.empty(len(numbers), np.int32)
    position[[numbers[name] for name in sorted(numbers)]] = np.arange(len(numbers), dtype=np.int32)
    np.save(folder / DOCUMENTS, position[np.array(documents, np.int32)], allow_pickle=False)
    np.save(folder / DAYS, np.array(days, np.int32), allow_pickle=False)
    return PassageCounts(len(documents), len(numbers), days.count(UNDATED))


def day_number(published: str | None) -> int:
    """The proleptic Gregorian day of `YYYY-MM-DD`; `UNDATED` for anything that is no such date."""
    try:
        return date.fromisoformat(published or "").toordinal()
    except ValueError:
        return UNDATED


class PassageFile:
    """The passages of an opened index. `documents` and `days` hold one number a row."""

    def __init__(
        self, batches: list[pa.RecordBatch], documents: NDArray[np.int32], days: NDArray[np.int32]
    ) -> None:
        """Wrap mapped data; use `open`."""
        self._batches = [batch.columns for batch in batches]
        self.documents = documents
        self.days = days

    def __len__(self) -> int:
        """How many passages there are."""
        return len(self.documents)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what `write_passages` wrote."""
        reader = pa.ipc.open_file(pa.memory_map(str(folder / TEXT)))
        batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        return cls(batches, np.load(folder / DOCUMENTS), np.load(folder / DAYS))

    def passage(self, row: int) -> Passage:
        """The passage of a row."""
        batch, offset = divmod(row, BLOCK)
        values = (column[offset].as_py() for column in self._batches[batch])
        identity, document, *rest = values
        return Passage(identity, (document,), *rest)

    def document_ids(self) -> list[str]:
        """The ids of all documents, sorted: the id of document number n is the n-th."""
        column = SCHEMA.get_field_index("document")
        return sorted({name for batch in self._batches for name in batch[column].unique().to_pylist()})
