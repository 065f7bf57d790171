"""The rows of a table that an artifact holds, shard after shard."""

from collections.abc import Iterator
from typing import TypeVar

from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from tasks.runtime.parts import decode_as

T = TypeVar("T")


def rows_of(store: ArtifactStore, ref: ArtifactRef, part: str, kind: type[T]) -> Iterator[T]:
    """Every row of a part of an artifact, in order, one shard in memory at a time."""
    for data in store.blobs(store.tree(ref).part(part)):
        yield from decode_as(data, kind)
