"""Builds small indexes the way the flow does: documents to passages, tokens, vectors, index."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from datasets_registry.records import Document
from tasks.indexing.assemble import assemble
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.index import Index
from tasks.runtime.parts import encode_rows

CORPUS_SHA256 = "c" * 64

WriteIndex = Callable[..., Path]
BuildIndex = Callable[..., Index]


@pytest.fixture(scope="session")
def write_index(tmp_path_factory: pytest.TempPathFactory) -> WriteIndex:
    """Write an index of the documents, cut into shards of `shard` documents, and return its folder."""

    def write(documents: Sequence[Document], config: IndexConfig | None = None, shard: int = 7) -> Path:
        config = config or IndexConfig()
        folder = tmp_path_factory.mktemp("index") / "index"
        groups = [documents[start : start + shard] for start in range(0, len(documents), shard)]
        passages = [
            passages_shard([encode_rows(group).data], config.passages)["passages"].data for group in groups
        ]
        tokens = [tokens_shard([data], config.tokens)["tokens"].data for data in passages]
        vectors = [vectors_shard([data], config.embedding)["vectors"].data for data in passages]
        assemble(folder, passages, tokens, vectors, config, CORPUS_SHA256)
        return folder

    return write


@pytest.fixture(scope="session")
def build_index(write_index: WriteIndex) -> BuildIndex:
    """As `write_index`, opened."""

    def build(documents: Sequence[Document], config: IndexConfig | None = None, shard: int = 7) -> Index:
        return Index.open(write_index(documents, config, shard))

    return build
