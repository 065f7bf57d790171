"""A corpus embedded by one process or by two has the same vectors; a run that was killed does only what is left."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from prefect import flow

from blocks.history import actions
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Document
from tasks.embedding.tasks import embed_by_model, model_embedding
from tasks.indexing.config import PassageConfig
from tasks.indexing.shards import passages_shard
from tasks.retrieval.config import EncodeConfig
from tasks.runtime.parts import encode_rows
from tasks.runtime.tools import Tool

pytestmark = pytest.mark.swift


def publish_passages(store: ArtifactStore, sizes: Sequence[int]) -> ArtifactRef:
    """As many shards, each of so many documents."""
    files = []
    for shard, size in enumerate(sizes):
        documents = [
            Document(
                f"d{shard}-{n}", f"第{n}号公告称，本周利率为{shard + n}%。" * 5, f"公告{n}", None, "s", {}
            )
            for n in range(size)
        ]
        made = passages_shard([encode_rows(documents).data], PassageConfig())["passages"]
        files.append(store.add_file(f"passages/{shard:05d}.{made.suffix}", made.data, made.rows))
    return store.publish("index/passages", files)


@flow(persist_result=False)
def embed(cut: ArtifactRef, model: ArtifactRef, workers: int, instruction: str = "检索") -> ArtifactRef:
    encode = EncodeConfig(max_tokens=64, instruction=instruction)
    return embed_by_model(cut, model, model_embedding(model, encode), "cpu", workers)


def test_the_vectors_do_not_depend_on_the_number_of_processes(
    prefect_store: ArtifactStore,
    tool: Callable[[str], Tool],
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tool("swift")
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    store = prefect_store
    model = store.publish("model", store.add_folder(tiny_model))
    whole, part = publish_passages(store, (3, 9, 1)), publish_passages(store, (3, 9))
    first = embed(part, model, 1)
    assert embed(whole, model, 7).rows > first.rows
    assert store.tree(embed(whole, model, 1)).part("vectors")[:2] == store.tree(first).part("vectors")
    assert embed(whole, model, 1, "找公告") == embed(whole, model, 1)
    monkeypatch.setenv("FINLOOM_REFRESH", "embed-by-model")
    assert embed(whole, model, 2) == embed(whole, model, 1)
    counts = [action.counts["embedded"] for action in actions(store) if action.task == "embed-by-model"]
    assert sorted(counts) == [0, 1, 2, 3, 3]
