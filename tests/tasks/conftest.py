"""Builds small indexes the way the flow does: documents to passages, tokens, vectors, index."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from datasets_registry.records import Document
from tasks.indexing.assemble import Structured, assemble
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.index import Index
from tasks.retrieval.record_text import record_tokens_shard
from tasks.runtime.parts import encode_rows

CORPUS_SHA256 = "c" * 64

WriteIndex = Callable[..., Path]
BuildIndex = Callable[..., Index]


@pytest.fixture(scope="session")
def write_index(tmp_path_factory: pytest.TempPathFactory) -> WriteIndex:
    """Write an index of the documents and structured records, in shards of `shard`, and return its folder."""

    def write(
        documents: Sequence[Document],
        config: IndexConfig | None = None,
        shard: int = 7,
        records: Sequence[Document] = (),
    ) -> Path:
        config = config or IndexConfig()
        folder = tmp_path_factory.mktemp("index") / "index"
        groups = [documents[start : start + shard] for start in range(0, len(documents), shard)]
        passages = [
            passages_shard([encode_rows(group).data], config.passages)["passages"].data for group in groups
        ]
        tokens = [tokens_shard([data], config.tokens)["tokens"].data for data in passages]
        vectors = [vectors_shard([data], config.embedding)["vectors"].data for data in passages]
        rows = [encode_rows(records[start : start + shard]).data for start in range(0, len(records), shard)]
        words = [record_tokens_shard([data], config.tokens)["tokens"].data for data in rows]
        structured = Structured(rows, words if config.records == "passages" else [])
        assemble(folder, passages, tokens, vectors, config, CORPUS_SHA256, records=structured)
        return folder

    return write


@pytest.fixture(scope="session")
def build_index(write_index: WriteIndex) -> BuildIndex:
    """As `write_index`, opened."""

    def build(
        documents: Sequence[Document],
        config: IndexConfig | None = None,
        shard: int = 7,
        records: Sequence[Document] = (),
    ) -> Index:
        return Index.open(write_index(documents, config, shard, records))

    return build
