"""An index whose vectors come from a model asks that model, in its words, and says so when it cannot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from datasets_registry.records import Document
from tasks.indexing.assemble import assemble
from tasks.indexing.canary import check
from tasks.indexing.config import IndexConfig
from tasks.indexing.shadow import ShadowConfig, ask_both
from tasks.indexing.shards import decode_passages, passages_shard, tokens_shard
from tasks.retrieval.config import (
    TASK,
    EncodeConfig,
    GivenEmbedding,
    HashEmbedding,
    ModelEmbedding,
    SearchConfig,
    UrlEmbedding,
)
from tasks.retrieval.dense import encode_vectors
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.index import Index, Unanswerable
from tasks.retrieval.manifest import Manifest, UnusableIndex
from tasks.retrieval.tokens import search_text
from tasks.runtime.parts import encode_rows

MODEL = "a" * 64
EMBEDDING = ModelEmbedding(instruction="检索", max_tokens=64, model_sha256=MODEL, dimensions=128)
SUBJECTS = (
    "茅台净利润增长",
    "碳配额成交上涨",
    "央行利率下调",
    "基金净值回落",
    "债券发行扩大",
    "股东减持公告",
)
DOCUMENTS = [
    Document(
        f"d{number}",
        f"{subject}。据统计，{subject}，幅度为{number + 3}%。" * 8,
        subject,
        "2024-05-01",
        "site",
        {},
    )
    for number, subject in enumerate(SUBJECTS)
]


class FakeModel:
    """Embeds by hashing, and remembers what it was asked."""

    def __init__(self, dimensions: int = 128) -> None:
        self.asked: list[str] = []
        self._hash = HashEmbedder(dimensions)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.extend(texts)
        return self._hash.embed(texts)


def write(
    folder: Path,
    shift: int = 0,
    kind: Literal["flat", "sq8"] = "flat",
    embedding: ModelEmbedding | GivenEmbedding = EMBEDDING,
) -> Path:
    """An index of the documents embedded by the fake model; with `shift`, each vector belongs to another passage."""
    config = IndexConfig(embedding=embedding, search=SearchConfig(faiss=kind))
    passages = passages_shard([encode_rows(DOCUMENTS).data], config.passages)["passages"].data
    texts = [search_text(passage) for passage in decode_passages([passages])]
    vectors = encode_vectors(np.roll(FakeModel().embed(texts), shift, axis=0))
    tokens = tokens_shard([passages], config.tokens)["tokens"].data
    assemble(folder, [passages], [tokens], [vectors], config, "c" * 64)
    return folder


def test_queries_are_embedded_by_the_model_with_their_instruction(tmp_path: Path) -> None:
    model, opened = FakeModel(), []

    def open_model(sha256: str, max_tokens: int) -> FakeModel:
        opened.append((sha256, max_tokens))
        return model

    index = Index.open(write(tmp_path / "index"), open_model=open_model)
    assert opened == []
    assert index.search("碳配额成交", "dense", top_k=1)[0].document == "d1"
    index.search("利率", "hybrid")
    assert opened == [(MODEL, 64)]
    assert model.asked == ["Instruct: 检索\nQuery:碳配额成交", "Instruct: 检索\nQuery:利率"]


def test_a_search_may_say_what_its_queries_are_for(tmp_path: Path) -> None:
    model = FakeModel()
    index = Index.open(write(tmp_path / "index"), open_model=lambda sha256, max_tokens: model)
    for method in index.methods:
        index.search_many(["利率"], method, task_desc="找处罚决定")
    assert model.asked == ["Instruct: 找处罚决定\nQuery:利率"] * 2


def test_queries_of_given_vectors_are_embedded_by_the_model_that_made_them(tmp_path: Path) -> None:
    model = FakeModel()
    asked = GivenEmbedding(vectors_sha256="b" * 64, dimensions=128, queries=EMBEDDING)
    index = Index.open(
        write(tmp_path / "index", embedding=asked), open_model=lambda sha256, max_tokens: model
    )
    assert check(index) == []
    model.asked.clear()
    assert index.search("碳配额成交", "dense", top_k=1)[0].document == "d1"
    assert model.asked == ["Instruct: 检索\nQuery:碳配额成交"]


def test_given_vectors_without_an_embedder_are_sound_and_compared_by_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = GivenEmbedding(vectors_sha256="b" * 64, dimensions=128)
    index = Index.open(write(tmp_path / "given", embedding=given))
    assert check(index) == []
    with pytest.raises(Unanswerable, match="were given from outside, without anything that embeds a query"):
        index.search_many(["利率"], "hybrid", task_desc="检索")
    by_model = Index.open(write(tmp_path / "model"), open_model=lambda sha256, max_tokens: FakeModel())
    monkeypatch.setattr("tasks.indexing.shadow.FEWEST", 1)
    compared = ask_both(by_model, index, ShadowConfig())
    assert compared is not None and list(compared.rr10) == ["bm25"]


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"model": "m"}, "利率"),
        ({"model": "m", "query_prefix": "query: "}, "query: 利率"),
        ({"model": "Qwen/Qwen3-Embedding-8B"}, f"Instruct: {TASK}\nQuery:利率"),
        ({"model": "qwen3-embedding:0.6b", "instruction": ""}, "利率"),
        ({"model": "qwen3-embedding:0.6b", "query_prefix": "问："}, "问：利率"),
        ({"model": "m", "query_prefix": "问：", "instruction": "找公告"}, "问：Instruct: 找公告\nQuery:利率"),
    ],
)
def test_a_server_is_told_what_its_model_wants(settings: dict[str, str], sent: str) -> None:
    assert UrlEmbedding.model_validate({"dimensions": 64, **settings}).settled().query_text("利率") == sent


def test_a_query_without_a_word_finds_nothing_and_asks_nothing(tmp_path: Path) -> None:
    model = FakeModel()
    index = Index.open(write(tmp_path / "index"), open_model=lambda sha256, max_tokens: model)
    assert [len(hits) for hits in index.search_many(["？", "利率", " "], "dense", top_k=9)] == [0, 6, 0]
    assert len(model.asked) == 1


def test_without_its_model_it_still_answers_by_words(tmp_path: Path) -> None:
    index = Index.open(write(tmp_path / "index"))
    assert index.search("利率", "bm25")[0].document == "d2"
    with pytest.raises(UnusableIndex, match="come from model aaaaaaaaaaaa, which was not given"):
        index.search("利率", "dense")


def test_a_model_of_another_width_is_refused(tmp_path: Path) -> None:
    index = Index.open(write(tmp_path / "index"), open_model=lambda sha256, max_tokens: FakeModel(64))
    with pytest.raises(UnusableIndex, match=r"shape \(1, 64\), the index wants \(1, 128\)"):
        index.search("利率", "dense")


@pytest.mark.parametrize("kind", ["flat", "sq8"])
def test_canaries_pass_where_every_passage_has_its_own_vector(
    tmp_path: Path, kind: Literal["flat", "sq8"]
) -> None:
    folder = write(tmp_path / "index", kind=kind)
    assert check(Index.open(folder, open_model=lambda sha256, max_tokens: FakeModel())) == []


def test_canaries_see_vectors_that_belong_to_other_passages(tmp_path: Path) -> None:
    shifted = Index.open(
        write(tmp_path / "index", shift=1), open_model=lambda sha256, max_tokens: FakeModel()
    )
    assert any("own vector" in problem for problem in check(shifted))


def test_canaries_do_not_judge_how_well_a_model_finds(tmp_path: Path) -> None:
    class Deaf(FakeModel):
        """Embeds passages well and queries by their length alone."""

        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return super().embed([str(len(text)) if "Query:" in text else text for text in texts])

    assert check(Index.open(write(tmp_path / "index"), open_model=lambda sha256, max_tokens: Deaf())) == []


def test_the_manifest_of_a_hashed_index_says_what_it_always_said() -> None:
    said = orjson.loads(IndexConfig().model_dump_json())["embedding"]
    assert said == {"kind": "hash", "dimensions": 1024} == HashEmbedding().model_dump()


def test_the_manifest_names_the_model(tmp_path: Path) -> None:
    manifest = Manifest.read(write(tmp_path / "index"))
    assert manifest.embedding == EMBEDDING
    assert (
        orjson.loads((tmp_path / "index" / "manifest.json").read_bytes())["embedding"]["model_sha256"]
        == MODEL
    )


def test_a_bare_query_is_sent_where_there_is_no_instruction() -> None:
    assert EncodeConfig(instruction="").query_text("利率") == "利率"
