"""The rows of a table that an artifact holds, shard after shard."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef, FileEntry
from tasks.runtime.parts import decode_as, encode_rows

T = TypeVar("T")


def rows_of(store: ArtifactStore, ref: ArtifactRef, part: str, kind: type[T]) -> Iterator[T]:
    """Every row of a part of an artifact, in order, one shard in memory at a time."""
    for data in store.blobs(store.tree(ref).part(part)):
        yield from decode_as(data, kind)


def add_rows(store: ArtifactStore, part: str, number: int, rows: Iterable[object]) -> FileEntry:
    """Store rows as shard `number` of a part of an artifact to be."""
    made = encode_rows(rows)
    return store.add_file(f"{part}/{number:05d}.{made.suffix}", made.data, made.rows)


def numbered(entry: FileEntry, number: int) -> FileEntry:
    """A file as shard `number` of its part."""
    part, _, shard = entry.name.partition("/")
    return entry.model_copy(update={"name": f"{part}/{number:05d}.{shard.partition('.')[2]}"})
