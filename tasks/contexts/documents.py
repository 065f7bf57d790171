"""The documents of a corpus in a file, to be read one by one by their ids."""

from collections.abc import Iterable
from pathlib import Path

import orjson
import pyarrow as pa

from datasets_registry.records import Document

BLOCK = 1024
"""Rows of an Arrow batch."""
SCHEMA = pa.schema([("row", pa.binary())])


class Documents:
    """The documents by id; in memory are only their ids, however many there are."""

    def __init__(self, path: Path, documents: Iterable[Document]) -> None:
        """Write the documents to `path` and map it.

        Raises:
            ValueError: two share an id.
        """
        self._places: dict[str, int] = {}
        block: list[dict[str, bytes]] = []
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
            for document in documents:
                if document.id in self._places:
                    raise ValueError(
                        f"two documents have the id {document.id!r}; wanted a corpus of distinct ids"
                    )
                self._places[document.id] = len(self._places)
                block.append({"row": orjson.dumps(document)})
                if len(block) == BLOCK:
                    writer.write_batch(pa.RecordBatch.from_pylist(block, schema=SCHEMA))
                    block.clear()
            writer.write_batch(pa.RecordBatch.from_pylist(block, schema=SCHEMA))
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        self._columns = [reader.get_batch(number).column(0) for number in range(reader.num_record_batches)]

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def __getitem__(self, name: str) -> Document:
        batch, offset = divmod(self._places[name], BLOCK)
        return Document(**orjson.loads(self._columns[batch][offset].as_py()))
