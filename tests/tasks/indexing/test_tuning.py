"""Tuning scores as the index does, moves settings that are surely better, and no others."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets_registry.records import Document, Question
from tasks.evaluation.retrieval import evaluate
from tasks.indexing.config import IndexConfig, PassageConfig, TuningConfig
from tasks.indexing.development import Sample, as_indexed
from tasks.indexing.passages import split_passages
from tasks.indexing.tuning import ALPHAS, K1, B, Postings, Trial, VectorLeg, tune
from tasks.retrieval.bm25 import Bm25, write_bm25
from tasks.retrieval.config import HashEmbedding, SearchConfig, TokenConfig
from tasks.retrieval.fusion import Fusion
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.index import Index
from tasks.retrieval.tokens import search_text, shared_tokenizer

TOKENIZER = shared_tokenizer(TokenConfig())
WORDS = ["碳配额", "净利润", "银行", "利率", "债券", "上涨", "下降", "公告", "市场", "价格", "监管", "风险"]
CONFIG = IndexConfig(
    passages=PassageConfig(target_characters=50, min_characters=10, overlap_sentences=0),
    embedding=HashEmbedding(dimensions=128),
)


def corpus(size: int, seed: int) -> list[Document]:
    chance = random.Random(seed)
    texts = [
        "".join("".join(chance.choices(WORDS, k=6)) + "。" for _ in range(chance.randint(1, 5)))
        for _ in range(size)
    ]
    return [Document(f"d{number:03}", text, "", None, "s", {}) for number, text in enumerate(texts)]


DOCUMENTS = corpus(60, 1)
CHANCE = random.Random(2)
QUESTIONS = [
    Question(f"q{number}", "".join(CHANCE.choices(WORDS, k=3)), (f"d{CHANCE.randrange(60):03}",))
    for number in range(30)
]
ROWS = [
    (passage, TOKENIZER.tokens(search_text(passage)))
    for passage in split_passages(DOCUMENTS, CONFIG.passages)
]
SAMPLE = as_indexed(ROWS)


def leg(dimensions: int = 128) -> VectorLeg:
    embedder = HashEmbedder(dimensions)
    stored = embedder.embed(SAMPLE.texts).astype(np.float16).astype(np.float32)
    return VectorLeg(stored, embedder.embed([question.query for question in QUESTIONS]))


@pytest.mark.parametrize("settings", [{}, {"tf_cap": 2}, {"term_boost": 1.5}, {"k1": 2.0, "b": 1.0}])
def test_postings_score_as_the_engine_does(tmp_path: Path, settings: dict[str, float]) -> None:
    search = SearchConfig.model_validate(settings)
    write_bm25(tmp_path / "bm25", SAMPLE.tokens, search, {"利率"})
    engine = Bm25.open(tmp_path / "bm25")
    tokens = TOKENIZER.tokens("利率利率下降公告未知词")
    scores = Postings(SAMPLE, set(tokens), search, {"利率"}).scores(tokens, search.k1, search.b)
    rows, found = engine.search(tokens, 1000)
    assert np.flatnonzero(scores).tolist() == sorted(rows.tolist())
    assert np.allclose(scores[rows], found, rtol=1e-5)


@pytest.mark.parametrize("fusion", ["minmax", "rrf", "weighted_rrf"])
def test_trials_find_what_the_index_finds(build_index: Callable[..., Index], fusion: Fusion) -> None:
    search = SearchConfig(fusion=fusion, pool=20)
    trial = Trial(SAMPLE, QUESTIONS, search, TOKENIZER)
    words, meaning = trial.words(search.k1, search.b), trial.meaning(leg())
    mixed = trial.mixed(words, meaning)
    for alpha in (0.0, 0.3, 0.9):
        chosen = search.model_copy(update={"alpha": alpha})
        report = evaluate(build_index(DOCUMENTS, CONFIG.model_copy(update={"search": chosen})), QUESTIONS)
        assert trial.alone(words).mean() == pytest.approx(report.methods["bm25"]["rr@10"])
        assert trial.alone(meaning).mean() == pytest.approx(report.methods["dense"]["rr@10"])
        assert mixed[ALPHAS.index(alpha)].mean() == pytest.approx(report.methods["hybrid"]["rr@10"], abs=0.02)


def questions_of(name: str) -> list[Question]:
    """Every document asked for by words that it alone has."""
    return [Question(f"{name}{number}", f"w{number}", (f"d{number:03}",)) for number in range(40)]


def test_a_leg_that_finds_everything_is_chosen_and_one_that_finds_nothing_is_not() -> None:
    sample = Sample(["-"] * 40, [["same"] for _ in range(40)], [f"d{number:03}" for number in range(40)])
    trial = Trial(sample, questions_of("q"), SearchConfig(), TOKENIZER)
    exact = np.eye(40, dtype=np.float32)
    wrong = VectorLeg(exact, np.roll(exact, 1, axis=0))
    kind, search, figures = tune(
        trial, {"wrong": wrong, "right": VectorLeg(exact, exact)}, SearchConfig(), TuningConfig()
    )
    assert kind == "right"
    assert figures["right alone"] == figures["hybrid right"] == 1
    assert figures["wrong alone"] == figures["bm25"] == 0
    assert (search.k1, search.b) == (SearchConfig().k1, SearchConfig().b)


def test_nothing_moves_where_nothing_is_better() -> None:
    trial = Trial(SAMPLE, QUESTIONS, SearchConfig(), TOKENIZER)
    nothing = VectorLeg(np.zeros((len(ROWS), 8), np.float32), np.zeros((30, 8), np.float32))
    kind, search, _ = tune(trial, {"first": nothing, "second": nothing}, SearchConfig(k1=0.9), TuningConfig())
    assert kind == "first"
    assert search.alpha == 0.9


def test_what_is_set_is_not_tuned() -> None:
    trial = Trial(SAMPLE, QUESTIONS, SearchConfig(), TOKENIZER)
    config = TuningConfig().leaving({"k1", "alpha", "fusion"})
    assert config.settings == ("b",)
    _, search, _ = tune(trial, {"hash": leg()}, SearchConfig(k1=3.3, alpha=0.2), config)
    assert (search.k1, search.alpha) == (3.3, 0.2)
    assert search.b in (*B, 0.4)
    assert 3.3 not in K1
