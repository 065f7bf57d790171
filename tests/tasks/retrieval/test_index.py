"""Search finds what brute force finds, and nothing from after the as-of date."""

import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from datasets_registry.records import Document
from tasks.indexing.config import IndexConfig, PassageConfig
from tasks.retrieval.config import HashEmbedding, SearchConfig
from tasks.retrieval.filters import Filters
from tasks.retrieval.fusion import Fusion
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.index import METHODS, Index, Method
from tasks.retrieval.tokens import search_text, shared_tokenizer

BuildIndex = Callable[..., Index]

WORDS = [
    "碳配额",
    "净利润",
    "银行",
    "利率",
    "债券",
    "上涨",
    "下降",
    "公告",
    "公司",
    "市场",
    "价格",
    "交易",
    "监管",
    "风险",
    "投资",
    "基金",
    "收益",
    "发行",
    "股东",
    "增持",
]
FIRST_DAY = date(2024, 1, 1)
SMALL = IndexConfig(
    passages=PassageConfig(target_characters=50, min_characters=10, overlap_sentences=0),
    embedding=HashEmbedding(dimensions=256),
)


def corpus(size: int, seed: int) -> list[Document]:
    """Random documents of several passages; one in five has no date."""
    rng = random.Random(seed)

    def document(number: int) -> Document:
        sentences = [
            "".join(rng.choices(WORDS, k=rng.randint(4, 9))) + "。" for _ in range(rng.randint(1, 9))
        ]
        day = (FIRST_DAY + timedelta(days=rng.randrange(100))).isoformat() if rng.random() < 0.8 else None
        return Document(f"doc-{rng.randrange(10**6):06d}-{number}", "".join(sentences), "", day, "site", {})

    return [document(number) for number in range(size)]


def queries(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices(WORDS, k=rng.randint(1, 4))) for _ in range(count)]


@pytest.fixture(scope="module")
def index(build_index: BuildIndex) -> Index:
    return build_index(corpus(60, seed=1), SMALL)


def best_by_document(index: Index, scores: dict[int, float]) -> dict[str, float]:
    best: dict[str, float] = {}
    for row, score in scores.items():
        document = index.passages.passage(row).parents[0]
        best[document] = max(score, best.get(document, -math.inf))
    return best


def brute_bm25(index: Index, query: str, rows: list[int]) -> dict[str, float]:
    """BM25 by its formula: statistics of the whole index, the best passage of each document."""
    tokenizer, k1, b = shared_tokenizer(SMALL.tokens), SMALL.search.k1, SMALL.search.b
    counts = [
        Counter(tokenizer.tokens(search_text(index.passages.passage(row))))
        for row in range(len(index.passages))
    ]
    mean = sum(count.total() for count in counts) / len(counts)
    scores: dict[int, float] = {}
    for token in tokenizer.tokens(query):
        having = sum(token in count for count in counts)
        weight = math.log(1 + (len(counts) - having + 0.5) / (having + 0.5))
        for row in rows:
            if tf := counts[row][token]:
                norm = k1 * (1 - b + b * counts[row].total() / mean)
                scores[row] = scores.get(row, 0) + weight * tf / (tf + norm)
    return best_by_document(index, scores)


def brute_dense(index: Index, query: str, rows: list[int]) -> dict[str, float]:
    embedder = HashEmbedder(SMALL.embedding.dimensions)
    vectors = embedder.embed([search_text(index.passages.passage(row)) for row in rows]).astype(np.float16)
    near = vectors.astype(np.float32) @ embedder.embed([query])[0] if rows else []
    return best_by_document(index, dict(zip(rows, map(float, near), strict=True)))


def stretched(scores: dict[str, float]) -> dict[str, float]:
    low, high = min(scores.values(), default=0), max(scores.values(), default=0)
    return {name: (score - low) / (high - low) if high > low else 1.0 for name, score in scores.items()}


def brute_force(index: Index, query: str, method: Method, rows: list[int]) -> dict[str, float]:
    words = brute_bm25(index, query, rows) if method != "dense" else {}
    meaning = brute_dense(index, query, rows) if method != "bm25" else {}
    if method != "hybrid":
        return words or meaning
    words, meaning = stretched(words), stretched(meaning)
    return {name: 0.6 * words.get(name, 0) + 0.4 * meaning.get(name, 0) for name in words | meaning}


def all_rows(index: Index) -> list[int]:
    return list(range(len(index.passages)))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_equals_brute_force(index: Index, method: Method) -> None:
    for query in queries(15, seed=2):
        expected = brute_force(index, query, method, all_rows(index))
        hits = index.search(query, method, top_k=100)
        assert {hit.document for hit in hits} == set(expected)
        assert [hit.score for hit in hits] == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-5)
        assert {hit.document: hit.score for hit in hits} == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_as_of_search_equals_brute_force_over_what_was_published(index: Index, method: Method) -> None:
    rng = random.Random(3)
    for query in queries(15, seed=4):
        day = (FIRST_DAY + timedelta(days=rng.randrange(-1, 101))).isoformat()
        passages = [index.passages.passage(row) for row in all_rows(index)]
        seen = [row for row, p in enumerate(passages) if p.published is not None and p.published <= day]
        hits = index.search(query, method, top_k=100, filters=Filters(date.fromisoformat(day)))
        assert {h.document: h.score for h in hits} == pytest.approx(
            brute_force(index, query, method, seen), abs=1e-5
        )


def test_nothing_from_after_the_date_is_ever_found(index: Index) -> None:
    rng = random.Random(5)
    for query in queries(400, seed=6):
        day = FIRST_DAY + timedelta(days=rng.randrange(-5, 105))
        hits = index.search(query, rng.choice(METHODS), top_k=rng.choice((1, 5, 50)), filters=Filters(day))
        assert all(
            hit.passage.published is not None and hit.passage.published <= day.isoformat() for hit in hits
        )


def test_hidden_documents_do_not_push_out_what_may_be_seen(index: Index) -> None:
    seen = Filters(date(2024, 2, 1))
    for query in queries(30, seed=7):
        few = index.search(query, "bm25", top_k=1, filters=seen)
        many = index.search(query, "bm25", top_k=100, filters=seen)
        assert few == many[:1]


@pytest.mark.parametrize("method", METHODS)
def test_asking_for_more_never_changes_the_first(index: Index, method: Method) -> None:
    for query in queries(20, seed=8):
        assert index.search(query, method, top_k=4) == index.search(query, method, top_k=40)[:4]


def test_many_queries_at_once_find_what_single_ones_find(index: Index) -> None:
    asked = queries(40, seed=9)
    for query, hits in zip(asked, index.search_many(asked, top_k=5), strict=True):
        alone = index.search(query, top_k=5)
        assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in alone], abs=1e-5)
    assert index.search_many([]) == []


def test_the_passage_of_a_hit_is_the_best_of_its_document(index: Index) -> None:
    hit = index.search("碳配额价格", "bm25", top_k=1)[0]
    row = next(row for row in all_rows(index) if index.passages.passage(row) == hit.passage)
    assert brute_bm25(index, "碳配额价格", [row])[hit.document] == pytest.approx(hit.score, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_the_weight_of_one_leg_decides_the_order_at_its_ends(index: Index, method: Method) -> None:
    for alpha, alone in ((1.0, "bm25"), (0.0, "dense")):
        mixed = index.search("银行利率下降", "hybrid", top_k=3, alpha=alpha)
        assert [hit.document for hit in mixed] == [
            hit.document for hit in index.search("银行利率下降", alone, top_k=3)
        ]


def test_documents_of_many_equal_passages_do_not_crowd_out_others(build_index: BuildIndex) -> None:
    flood = Document("flood", "碳配额价格上涨公告。" * 400, "", None, "site", {})
    others = [
        Document(f"other{n}", f"碳配额价格下降，第{n}号。" + "无关。" * 20, "", None, "site", {})
        for n in range(3)
    ]
    index = build_index([flood, *others], SMALL.model_copy(update={"search": SearchConfig(pool=2)}))
    for method in METHODS:
        assert len(index.search("碳配额价格", method, top_k=4)) == 4, method


def test_documents_that_are_equal_are_ordered_by_id(build_index: BuildIndex) -> None:
    twins = [Document(name, "碳配额价格上涨。", "", None, "site", {}) for name in ("c", "a", "d", "b")]
    index = build_index(twins, SMALL)
    for method in METHODS:
        assert [hit.document for hit in index.search("碳配额", method, top_k=3)] == ["a", "b", "c"]


@pytest.mark.parametrize(("fusion", "shares"), [("rrf", (1, 1)), ("weighted_rrf", (0.6, 0.4))])
def test_reciprocal_rank_fusion_can_be_chosen(
    build_index: BuildIndex, fusion: Fusion, shares: tuple[float, float]
) -> None:
    index = build_index(corpus(20, seed=10), SMALL.model_copy(update={"search": SearchConfig(fusion=fusion)}))
    query = "基金收益"
    expected: dict[str, float] = {}
    for method, share in (("bm25", shares[0]), ("dense", shares[1])):
        for rank, hit in enumerate(index.search(query, method, top_k=100), start=1):
            expected[hit.document] = expected.get(hit.document, 0) + share / (60 + rank)
    assert {hit.document: hit.score for hit in index.search(query, top_k=100)} == pytest.approx(expected)


@pytest.mark.parametrize("query", ["", "   ", "，。！？"])
@pytest.mark.parametrize("method", METHODS)
def test_a_query_without_a_word_finds_nothing(index: Index, query: str, method: Method) -> None:
    assert index.search(query, method) == []


def test_unknown_words_find_nothing_by_bm25(index: Index) -> None:
    assert index.search("xylophone", "bm25") == []


def test_wrong_arguments_are_explained(index: Index) -> None:
    with pytest.raises(ValueError, match="wanted one of bm25, dense, hybrid"):
        index.search("碳", alpha=1.5)
