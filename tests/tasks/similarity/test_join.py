"""The set join finds exactly what comparing every pair finds, whatever the frequencies, blocks and slots."""

import gzip
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.similarity.frequency import BUCKETS, document_frequency
from tasks.similarity.join import Matches, Thresholds, build_index, overlaps, probe, self_join
from tasks.similarity.shingles import Shingles, shingle
from tasks.similarity.slots import Slots

NOTHING_KNOWN = np.zeros(BUCKETS, np.uint32)
MISLEADING = [
    NOTHING_KNOWN,
    np.random.default_rng(1).integers(0, 40, BUCKETS).astype(np.uint32),
    np.random.default_rng(2).choice(np.array([0, 17, 2**32 - 1], np.uint32), BUCKETS),
]
TEXTS = st.lists(st.text("ab", max_size=12) | st.text("abcd甲", max_size=30), max_size=25)
SHARES = st.sampled_from(["0.000001", "0.2", "0.333333", "0.4", "0.5", "0.75", "0.8", "1"])

Triples = list[tuple[int, int, int]]


def triples(matches: Matches) -> Triples:
    return list(zip(matches.x.tolist(), matches.y.tolist(), matches.overlap.tolist(), strict=True))


def sets(shingles: Shingles) -> list[set[int]]:
    return [set(tokens.tolist()) for tokens in np.split(shingles.tokens, shingles.offsets[1:-1])]


def compare_all(a: Shingles, b: Shingles, jaccard: str, containment: str) -> Triples:
    """Every matching pair by exact fractions of the sizes of Python sets."""
    found = []
    for x, left in enumerate(sets(a)):
        for y, right in enumerate(sets(b)):
            common, least = len(left & right), min(len(left), len(right))
            if least and (
                common >= Fraction(jaccard) * len(left | right) or common >= Fraction(containment) * least
            ):
                found.append((x, y, common))
    return found


def join(a: Shingles, b: Shingles, thresholds: Thresholds, frequency: NDArray[np.uint32]) -> Matches:
    return probe(build_index([b], frequency, thresholds), a)


@given(TEXTS, TEXTS, SHARES, SHARES, st.integers(0, 3), st.integers(1, 4))
@settings(deadline=None, max_examples=200)
def test_the_join_is_that_of_every_pair(
    left: list[str], right: list[str], jaccard: str, containment: str, known: int, width: int
) -> None:
    a, b = shingle(left, width), shingle(right, width)
    frequency = [*MISLEADING, document_frequency(a) + document_frequency(b)][known]
    thresholds = Thresholds(float(jaccard), float(containment))
    assert triples(join(a, b, thresholds, frequency)) == compare_all(a, b, jaccard, containment)


@given(TEXTS, TEXTS, SHARES, SHARES, st.integers(0, 3))
@settings(deadline=None)
def test_one_way_an_indexed_text_in_a_probing_one_is_not_enough(
    left: list[str], right: list[str], jaccard: str, containment: str, known: int
) -> None:
    a, b = shingle(left, 2), shingle(right, 2)
    frequency = [*MISLEADING, document_frequency(a) + document_frequency(b)][known]
    index = build_index([b], frequency, Thresholds(float(jaccard), float(containment)))
    assert triples(probe(index, a, one_way=True)) == [
        (x, y, common)
        for x, y, common in compare_all(a, b, jaccard, containment)
        if common >= Fraction(jaccard) * (a.sizes[x] + b.sizes[y] - common)
        or common >= Fraction(containment) * int(a.sizes[x])
    ]


@given(TEXTS, SHARES, SHARES)
@settings(deadline=None)
def test_a_self_join_has_each_pair_once(texts: list[str], jaccard: str, containment: str) -> None:
    made = shingle(texts, 2)
    found = triples(self_join(made, Thresholds(float(jaccard), float(containment))))
    assert found == [
        (x, y, common) for x, y, common in compare_all(made, made, jaccard, containment) if x > y
    ]


@pytest.fixture(scope="module")
def news(shared_data: Path) -> Shingles:
    with gzip.open(shared_data / "docs" / "crud_news.jsonl.gz") as lines:
        rows = [json.loads(line)["text"] for line, _ in zip(lines, range(9000), strict=False)]
    return shingle(["".join(text.partition("正文：")[2].split()) for text in rows[::6]], 3)


@pytest.fixture(scope="module")
def common(news: Shingles) -> NDArray[np.int64]:
    """`[texts, texts]` the number of tokens that two texts share, by a product of matrices."""
    from scipy.sparse import csr_array

    _, columns = np.unique(news.tokens, return_inverse=True)
    held = csr_array((np.ones(len(columns), np.int64), columns, news.offsets))
    return (held @ held.T).toarray()


@pytest.mark.parametrize(("jaccard", "containment"), [(0.4, 0.8), (0.15, 1.0), (1.0, 0.3)])
def test_real_texts_join_as_every_pair_does(
    news: Shingles, common: NDArray[np.int64], jaccard: float, containment: float
) -> None:
    found = join(news, news, Thresholds(jaccard, containment), document_frequency(news))
    union = news.sizes[:, None] + news.sizes - common
    least = np.minimum(news.sizes[:, None], news.sizes)
    alike = common * 10**6 >= round(jaccard * 10**6) * union
    alike |= common * 10**6 >= round(containment * 10**6) * least
    x, y = np.nonzero(alike & (least > 0))
    assert len(found) > len(news)
    assert triples(found) == list(zip(x.tolist(), y.tolist(), common[x, y].tolist(), strict=True))


@pytest.mark.parametrize("frequency", MISLEADING, ids=["zeros", "random", "extreme"])
def test_frequencies_do_not_change_the_result(news: Shingles, frequency: NDArray[np.uint32]) -> None:
    some = news.take(np.arange(400))
    assert triples(join(news, some, Thresholds(), frequency)) == triples(
        join(news, some, Thresholds(), document_frequency(news))
    )


def test_parts_of_an_index_find_what_the_whole_does(news: Shingles) -> None:
    frequency = document_frequency(news)
    whole = triples(join(news, news, Thresholds(), frequency))
    parts = [np.arange(part, len(news), 3) for part in range(3)]
    found = [
        (x, int(rows[y]), common)
        for rows in parts
        for x, y, common in triples(join(news, news.take(rows), Thresholds(), frequency))
    ]
    assert sorted(found) == whole


def test_chosen_rows_keep_their_numbers(news: Shingles) -> None:
    frequency = document_frequency(news)
    index = build_index([news], frequency)
    rows = np.array([900, 3, 77])
    chosen = triples(probe(index, news, rows=rows))
    assert chosen == [pair for pair in triples(probe(index, news)) if pair[0] in rows]


def test_overlaps_are_the_sizes_of_intersections(news: Shingles, common: NDArray[np.int64]) -> None:
    x, y = np.random.default_rng(3).integers(0, len(news), (2, 2000))
    assert overlaps(news, x, news, y).tolist() == common[x, y].tolist()


@pytest.mark.parametrize("value", [0, -0.1, 1.01, float("nan")])
@pytest.mark.parametrize("name", ["jaccard", "containment"])
def test_thresholds_out_of_bounds_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"found a {name} threshold of {value}"):
        Thresholds(**{name: value})


def test_slots_and_frequencies_that_do_not_fit_are_refused() -> None:
    texts = shingle(["abc", "abd"], 2)
    none = np.zeros(0, np.uint64)
    with pytest.raises(ValueError, match="slots of 1 texts, wanted those of 2"):
        build_index([texts], NOTHING_KNOWN, slots=Slots(np.zeros(2, np.int64), none, none))
    with pytest.raises(ValueError, match=r"shape \(8,\)"):
        build_index([texts], NOTHING_KNOWN[:8])


def test_arrays_that_were_read_from_files_may_be_read_only() -> None:
    made = shingle(["营业收入增长", "营业收入增加", "净利润"], 2)
    stored = Shingles(made.offsets.copy(), made.tokens.copy())
    for array in (stored.offsets, stored.tokens):
        array.flags.writeable = False
    frequency = document_frequency(stored)
    for left, right in ((made, stored), (stored, made), (stored, stored)):
        assert triples(join(left, right, Thresholds(), frequency)) == triples(
            join(made, made, Thresholds(), frequency)
        )


def test_no_texts_and_empty_texts_match_nothing() -> None:
    for left, right in ([], []), ([], ["ab"]), (["ab"], []), (["", "a"], ["", "b"]):
        assert triples(join(shingle(left, 3), shingle(right, 3), Thresholds(), NOTHING_KNOWN)) == []


def test_degenerate_texts_join() -> None:
    same = shingle(["一二三四五六七"] * 10_000, 3)
    one = same.take(np.array([0]))
    assert len(join(same, one, Thresholds(), document_frequency(same))) == 10_000
    assert len(join(one, same, Thresholds(), document_frequency(same))) == 10_000
    assert triples(self_join(shingle(["x" * 1_000_000, "x", "xxx", "y"], 3))) == [(2, 0, 1)]


def test_a_giant_text_is_compared_with_small_ones() -> None:
    draw = np.random.default_rng(5)
    giant = "".join(map(chr, draw.integers(0x4E00, 0x9000, 5_000_000)))
    small = [giant[start : start + 500] for start in range(0, 400_000, 4_000)]
    a, b = shingle(small, 3), shingle([giant, *small[:3]], 3)
    frequency = document_frequency(a) + document_frequency(b)
    pairs = {(x, y) for x, y, _ in triples(join(a, b, Thresholds(), frequency))}
    assert pairs == {(x, 0) for x in range(100)} | {(0, 1), (1, 2), (2, 3)}
    assert {(y, x) for x, y, _ in triples(join(b, a, Thresholds(), frequency))} == pairs
