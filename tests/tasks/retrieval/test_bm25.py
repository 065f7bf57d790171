"""BM25 scores as bm25s does, filters before it ranks, and writes the same bytes however it is fed."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.retrieval.bm25 import Bm25, Bm25Builder
from tasks.retrieval.config import SearchConfig

PASSAGES = ["碳 配额 价格", "碳 碳 碳 市场", "银行 利率", "碳 价格", "债券 利率 利率 期限 期限 结构", ""]


def build(folder: Path, passages: Sequence[str], config: SearchConfig | None = None, shard: int = 2) -> Bm25:
    builder = Bm25Builder(config or SearchConfig(), boosted=("利率",))
    for start in range(0, len(passages), shard):
        builder.add(text.split() for text in passages[start : start + shard])
    builder.write(folder)
    return Bm25.open(folder)


def brute_force(passages: Sequence[str], query: Sequence[str], config: SearchConfig) -> dict[int, float]:
    """BM25 by its formula; rows without a word of the query are left out."""
    counts = [Counter(text.split()) for text in passages]
    mean = max(sum(map(Counter.total, counts)) / len(counts), 1)
    scores: dict[int, float] = {}
    for token in query:
        having = sum(token in count for count in counts)
        for row, count in enumerate(counts):
            if tf := count[token]:
                damping = config.k1 * (1 - config.b + config.b * count.total() / mean)
                weight = math.log(1 + (len(counts) - having + 0.5) / (having + 0.5))
                scores[row] = scores.get(row, 0) + weight * tf / (tf + damping)
    return scores


TEXTS = st.lists(st.lists(st.sampled_from("碳债股汇"), max_size=6).map(" ".join), min_size=1, max_size=12)


@settings(deadline=None)  # the first call compiles
@given(TEXTS, st.lists(st.sampled_from("碳债股汇x"), max_size=5), st.integers(1, 15), st.data())
def test_search_finds_what_brute_force_finds(
    tmp_path_factory: pytest.TempPathFactory,
    passages: list[str],
    query: list[str],
    k: int,
    data: st.DataObject,
) -> None:
    config = SearchConfig(k1=1.5, b=0.75)
    shown = data.draw(st.none() | st.lists(st.booleans(), min_size=len(passages), max_size=len(passages)))
    index = build(tmp_path_factory.mktemp("bm25"), passages, config)
    rows, scores = index.search(query, k, None if shown is None else np.array(shown))
    expected = {
        row: score
        for row, score in brute_force(passages, query, config).items()
        if shown is None or shown[row]
    }
    assert dict(zip(rows.tolist(), scores.tolist(), strict=True)) == pytest.approx(
        {row: expected[row] for row in rows.tolist()}, abs=1e-5
    )
    assert len(rows) == min(k, len(expected))
    left = [expected[row] for row in expected.keys() - set(rows.tolist())]
    assert max(left, default=-1) <= min(scores.tolist(), default=99) + 1e-5


def test_scores_are_those_of_bm25s_own_index(tmp_path: Path) -> None:
    theirs = bm25s.BM25(k1=0.9, b=0.4)
    theirs.index([text.split() for text in PASSAGES], show_progress=False)
    ours = build(tmp_path, PASSAGES)
    for query in (["碳"], ["利率", "价格"], ["碳", "碳", "结构"]):
        rows, scores = ours.search(query, len(PASSAGES))
        expected = theirs.get_scores(query)
        assert np.allclose(scores, expected[rows], atol=1e-6)
        assert set(rows.tolist()) == set(np.flatnonzero(expected).tolist())


def test_asking_for_more_than_there_is_returns_what_there_is(tmp_path: Path) -> None:
    rows, _ = build(tmp_path, PASSAGES).search(["碳"], 1000)
    assert sorted(rows.tolist()) == [0, 1, 3]


@pytest.mark.parametrize("tokens", [[], ["未知"], ["未知", "不详"]])
def test_a_query_without_a_known_word_finds_nothing(tmp_path: Path, tokens: list[str]) -> None:
    rows, scores = build(tmp_path, PASSAGES).search(tokens, 3)
    assert len(rows) == len(scores) == 0


def test_a_corpus_without_a_word_can_be_opened_and_finds_nothing(tmp_path: Path) -> None:
    rows, _ = build(tmp_path, ["", ""]).search(["碳"], 3)
    assert len(rows) == 0


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [("indices", 3, 99), ("indices", 0, -1), ("indptr", 1, 10**6), ("indptr", -1, 3), ("indptr", 0, -2)],
)
def test_postings_that_lead_out_of_the_index_are_refused(
    tmp_path: Path, name: str, place: int, value: int
) -> None:
    build(tmp_path, PASSAGES)
    path = tmp_path / f"{name}.csc.index.npy"
    numbers = np.load(path)
    numbers[place] = value
    np.save(path, numbers)
    with pytest.raises(ValueError, match="do not fit its 6 rows"):
        Bm25.open(tmp_path)


def test_words_that_lead_out_of_the_index_are_refused(tmp_path: Path) -> None:
    build(tmp_path, PASSAGES)
    path = tmp_path / "vocab.index.json"
    path.write_text(path.read_text().replace(":0", ":700").replace(": 0", ": 700"))
    with pytest.raises(ValueError, match="do not fit its 6 rows"):
        Bm25.open(tmp_path)


def test_rows_that_are_masked_do_not_push_out_the_others(tmp_path: Path) -> None:
    mask = np.array([True, False, True, False, True, True])
    rows, _ = build(tmp_path, PASSAGES).search(["碳"], 1, mask)
    assert rows.tolist() == [0]


def test_equal_scores_are_ordered_by_row_also_at_the_cut(tmp_path: Path) -> None:
    index = build(tmp_path, ["碳 价", *["碳 市"] * 9])
    assert index.search(["市"], 3)[0].tolist() == [1, 2, 3]


def test_a_capped_word_counts_no_more_often_than_the_cap(tmp_path: Path) -> None:
    plain = build(tmp_path / "plain", ["碳 碳 碳 市 市 市", "碳 市 场 场 场 场"])
    capped = build(tmp_path / "capped", ["碳 碳 碳 市 市 市", "碳 市 场 场 场 场"], SearchConfig(tf_cap=1))
    assert plain.search(["碳"], 2)[1][0] > plain.search(["碳"], 2)[1][1]
    scores = capped.search(["碳"], 2)[1]
    assert scores[0] == scores[1]


def test_the_boost_multiplies_the_scores_of_dictionary_words_alone(tmp_path: Path) -> None:
    plain = build(tmp_path / "plain", PASSAGES)
    boosted = build(tmp_path / "boosted", PASSAGES, SearchConfig(term_boost=1.2))
    assert np.allclose(boosted.search(["利率"], 2)[1], plain.search(["利率"], 2)[1] * 1.2)
    assert np.array_equal(boosted.search(["碳"], 3)[1], plain.search(["碳"], 3)[1])


@given(TEXTS, st.integers(1, 5))
def test_files_do_not_depend_on_the_sharding(
    tmp_path_factory: pytest.TempPathFactory, passages: list[str], shard: int
) -> None:
    one, many = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("many")
    build(one, passages, shard=len(passages))
    build(many, passages, shard=shard)
    names = sorted(path.name for path in one.iterdir())
    assert [(one / name).read_bytes() for name in names] == [(many / name).read_bytes() for name in names]
