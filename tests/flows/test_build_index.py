"""A corpus becomes an index with vectors and settings of its own; the next day keeps them, and costs what is new."""

import random
from pathlib import Path

import orjson
import pytest

from blocks.store import ArtifactStore, local_copy
from datasets_registry.artifact import ArtifactRef
from flows.build_corpus import build_corpus
from flows.build_index import build_index
from tasks.indexing.config import DistilConfig, EmbeddingConfig, TuningConfig
from tasks.retrieval.config import JoinedEmbedding, SearchConfig, TokenConfig, UrlEmbedding
from tasks.retrieval.index import Index
from tasks.retrieval.record_table import Lookup
from tasks.retrieval.word_lists import BadWords
from tests.fakes.embedding_server import Behaviour, embedding_server

WORDS = DistilConfig(general_words=30, corpus_words=200, dimensions=32)
JOINED = EmbeddingConfig(kind="joined", words=WORDS)
SUBJECTS = [
    "工资",
    "碳配额",
    "存款利率",
    "国债",
    "养老金",
    "增值税",
    "股东大会",
    "贷款",
    "保险",
    "基金",
    "外汇",
    "房产",
]


FEW = 3
"""The first documents, which have half of the subjects only."""


def text(number: int) -> str:
    """A text of its own: words drawn by chance, which no other document has in this order."""
    chance = random.Random(number)
    subjects = SUBJECTS[:6] if number < FEW else SUBJECTS
    return "".join(
        f"{''.join(chance.choices(subjects, k=8))}，收入{chance.randrange(999)}万元。" for _ in range(6)
    )


def corpus(folder: Path, count: int, name: str = "days") -> ArtifactRef:
    """The first `count` of the documents, published."""
    rows = [
        {
            "id": f"d{number:02}",
            "title": f"关于{SUBJECTS[number % 12]}的第{number}号公告",
            "text": f"{SUBJECTS[number % 12] * 9}。{text(number)}",
            "source": "s",
            "published": None,
        }
        for number in range(count)
    ]
    path = folder / f"{count}.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return build_corpus(str(path), name=name)


def opened(store: ArtifactStore, ref: ArtifactRef) -> Index:
    return Index.open(local_copy(store, ref), intact=True)


def table(index: Index) -> str:
    assert isinstance(index.manifest.embedding, JoinedEmbedding)
    return index.manifest.embedding.words.words_sha256


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    return tmp_path


def test_the_next_day_keeps_the_table_and_is_what_a_full_build_gives(
    prefect_store: ArtifactStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(prefect_store, build_index(corpus=corpus(home, 40).sha256, embedding=JOINED))
    assert first.manifest.tuning is not None
    assert first.manifest.tuning.asked == "titles"
    assert first.search("工资", "dense", top_k=1)[0].passage.title.startswith("关于工资")
    source = corpus(home, 41)
    second = build_index(corpus=source.sha256, embedding=JOINED)
    index = opened(prefect_store, second)
    assert table(index) == table(first)
    assert index.manifest.tuning == first.manifest.tuning
    monkeypatch.setenv("FINLOOM_REFRESH", "split-passages,tokenise-passages,embed-passages,assemble-index")
    assert build_index(corpus=source.sha256, embedding=JOINED) == second


def test_many_new_words_are_distilled_and_known_ones_are_not_embedded_again(
    prefect_store: ArtifactStore, home: Path
) -> None:
    first = opened(prefect_store, build_index(corpus=corpus(home, FEW).sha256, embedding=JOINED))
    second = opened(prefect_store, build_index(corpus=corpus(home, 12).sha256, embedding=JOINED))
    assert table(second) != table(first)
    alone = opened(prefect_store, build_index(corpus=corpus(home, 12).sha256, embedding=JOINED, name="other"))
    assert table(alone) == table(second)


def test_what_is_set_is_not_tuned_and_hash_needs_no_words(prefect_store: ArtifactStore, home: Path) -> None:
    search = SearchConfig(alpha=0.3)
    made = build_index(
        corpus=corpus(home, 20).sha256,
        embedding=EmbeddingConfig(kind="hash"),
        search=search,
        tuning=TuningConfig(queries=10),
    )
    manifest = opened(prefect_store, made).manifest
    assert manifest.search.alpha == 0.3
    assert manifest.tuning is not None
    assert manifest.tuning.settings == ("k1", "b")
    assert manifest.embedding.kind == "hash"


def test_a_server_embeds_passages_and_queries(prefect_store: ArtifactStore, home: Path) -> None:
    behaviour = Behaviour(dimensions=64)
    with embedding_server(behaviour) as url:
        server = UrlEmbedding(model="m", dimensions=64, url=url, query_prefix="query: ")
        made = build_index(corpus=corpus(home, 5).sha256, embedding=EmbeddingConfig(kind="url", url=server))
        index = opened(prefect_store, made)
        behaviour.asked.clear()
        assert index.search("关于国债的第3号公告", "dense", top_k=1)[0].document == "d03"
        assert behaviour.asked == [["query: 关于国债的第3号公告"]]
        behaviour.asked.clear()
        told = server.model_copy(update={"query_prefix": "", "instruction": "找公告"})
        again = build_index(corpus=corpus(home, 5).sha256, embedding=EmbeddingConfig(kind="url", url=told))
        assert opened(prefect_store, again).manifest.embedding == told
        sent = [text for texts in behaviour.asked for text in texts]
        assert sent and all(text.startswith(("query: ", "Instruct: 找公告\nQuery:")) for text in sent)


def test_words_of_the_user_are_stored_once_and_go_with_the_index(
    prefect_store: ArtifactStore, home: Path
) -> None:
    words = home / "words.txt"
    words.write_text("碳配额养老金 3 n\n", encoding="utf-8")
    source = corpus(home, 5).sha256
    first = build_index(corpus=source, tokens=TokenConfig(user_words=str(words)))
    index = opened(prefect_store, first)
    assert index.tokenizer.tokens("碳配额养老金") == ["碳配额养老金"]
    stored = index.manifest.tokens.user_words
    words.unlink()
    assert build_index(corpus=source, tokens=TokenConfig(user_words=stored)) == first
    with pytest.raises(BadWords, match="is a corpus, wanted a list of words"):
        build_index(corpus=source, tokens=TokenConfig(user_words=source))


def test_records_go_into_the_table_and_are_found_by_their_words_if_asked(
    prefect_store: ArtifactStore, home: Path
) -> None:
    quotes = [
        {"id": f"q{day}", "record": {"股票代码": "002851", "交易日期": f"201901{day}", "收盘价": "21.5"}}
        for day in (24, 25)
    ]
    path = home / "both.jsonl"
    corpus(home, 5)
    path.write_bytes((home / "5.jsonl").read_bytes() + b"".join(orjson.dumps(row) + b"\n" for row in quotes))
    source = build_corpus(str(path), name="both").sha256
    table = opened(prefect_store, build_index(corpus=source))
    assert [row.line for row in table.find_records(Lookup(code="002851"), limit=5)] == [7, 6]
    assert not {hit.document for hit in table.search("002851 20190125", "bm25")} & {"q24", "q25"}
    text = opened(prefect_store, build_index(corpus=source, records="passages"))
    hit = text.search("002851 20190125", "hybrid", top_k=1)[0]
    assert (hit.document, hit.passage.text) == ("q25", "股票代码 002851 交易日期 20190125 收盘价 21.5")
    assert (text.manifest.records, text.manifest.record_rows) == ("passages", 2)
