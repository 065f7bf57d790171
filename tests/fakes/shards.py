"""A store of shards in memory, on which a comparison can run without a server, and corpora of documents in it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from datasets_registry.artifact import FileEntry, Tree
from datasets_registry.records import Document, JsonObject
from tasks.corpus.shards import Nothing
from tasks.runtime.parts import Part, decode_rows, encode_rows


class MemoryShards:
    """Blobs by their sha256; `read` notes the sha256 of every blob that was asked for."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.read: list[str] = []

    def blobs(self, entries: Sequence[FileEntry]) -> Iterator[bytes]:
        for entry in entries:
            self.read.append(entry.sha256)
            yield self.data[entry.sha256]

    def add_file(self, name: str, data: bytes, rows: int = 0) -> FileEntry:
        sha256 = hashlib.sha256(data).hexdigest()
        self.data[sha256] = data
        return FileEntry(name=name, sha256=sha256, bytes=len(data), rows=rows)

    def over_shards(
        self,
        function: Callable[[list[bytes], Nothing], dict[str, Part]],
        shards: Sequence[Sequence[FileEntry]],
        config: Nothing,
    ) -> list[FileEntry]:
        made = []
        for index, shard in enumerate(shards):
            for part, file in function(list(self.blobs(shard)), config).items():
                made.append(self.add_file(f"{part}/{index:05d}.{file.suffix}", file.data, file.rows))
        return made

    def corpus(self, documents: Sequence[Document], rows_per_shard: int = 3) -> Tree:
        """The documents as a corpus; those whose metadata has no edits are its structured records."""
        files = []
        for index, first in enumerate(range(0, len(documents), rows_per_shard)):
            shard = documents[first : first + rows_per_shard]
            texts = [document for document in shard if "edits" in document.metadata]
            records = [document for document in shard if "edits" not in document.metadata]
            for part, rows in (("documents", texts), ("structured", records)):
                made = encode_rows(rows)
                files.append(self.add_file(f"{part}/{index:05d}.{made.suffix}", made.data, made.rows))
        return Tree(kind="corpus", files=tuple(sorted(files, key=lambda file: file.name)))

    def rows(self, files: Sequence[FileEntry], part: str) -> list[JsonObject]:
        """All rows of a part of an artifact, in order."""
        entries = [entry for entry in files if entry.name.startswith(f"{part}/")]
        return [row for data in self.blobs(entries) for row in decode_rows(data)]
