"""The phrase join finds exactly what walking every pair of texts finds, with slots and without."""

import gzip
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.similarity.phrases import PhraseMatches, PhraseThresholds, build_phrase_index, probe_phrases
from tasks.similarity.shingles import code_points, shingle
from tasks.similarity.slots import Slots

TEXTS = st.lists(st.text("ab", max_size=20) | st.text("abc甲", max_size=60), max_size=15)

Triples = list[tuple[int, int, int]]


def triples(matches: PhraseMatches) -> Triples:
    return list(zip(matches.x.tolist(), matches.y.tolist(), matches.count.tolist(), strict=True))


def windows(text: str, width: int) -> set[str]:
    return {text[start : start + width] for start in range(len(text) - width + 1)}


def walk(text: str, held: set[str], width: int) -> int:
    """The definition: how many phrases of another text a text is walked through in."""
    count = place = 0
    while place + width <= len(text):
        if text[place : place + width] in held:
            count += 1
            place += width
        else:
            place += 1
    return count


def walk_all(left: list[str], right: list[str], width: int, overlap: int, coverage: str) -> Triples:
    held = [windows(text, width) for text in right]
    found = [(x, y, walk(text, other, width)) for x, text in enumerate(left) for y, other in enumerate(held)]
    return [
        (x, y, count)
        for x, y, count in found
        if count >= overlap and width * count >= Fraction(coverage) * len(left[x])
    ]


def join(left: list[str], right: list[str], thresholds: PhraseThresholds) -> Triples:
    index = build_phrase_index([shingle(right, thresholds.width)])
    return triples(probe_phrases(index, code_points(left), thresholds))


@given(
    TEXTS,
    TEXTS,
    st.sampled_from([1, 2, 3, 5, 8]),
    st.integers(1, 6),
    st.sampled_from(["0", "0.3", "0.5", "1"]),
)
@settings(deadline=None, max_examples=200)
def test_the_join_is_that_of_every_walk(
    left: list[str], right: list[str], width: int, overlap: int, coverage: str
) -> None:
    found = join(left, right, PhraseThresholds(overlap, float(coverage), width))
    assert found == walk_all(left, right, width, overlap, coverage)


@given(TEXTS, TEXTS, st.sampled_from([1, 3]), st.integers(1, 3))
@settings(deadline=None)
def test_an_index_with_lengths_finds_only_what_is_not_shorter(
    left: list[str], right: list[str], width: int, overlap: int
) -> None:
    index = build_phrase_index([shingle(right, width)], lengths=np.array([*map(len, right)], np.int64))
    found = triples(probe_phrases(index, code_points(left), PhraseThresholds(overlap, 0.3, width)))
    assert found == [
        (x, y, count)
        for x, y, count in walk_all(left, right, width, overlap, "0.3")
        if len(left[x]) <= len(right[y])
    ]


@pytest.fixture(scope="module")
def news(shared_data: Path) -> list[str]:
    with gzip.open(shared_data / "docs" / "crud_news.jsonl.gz") as lines:
        rows = [json.loads(line)["text"] for line, _ in zip(lines, range(9000), strict=False)]
    return ["".join(text.partition("正文：")[2].split()) for text in rows[::30]]


def test_real_texts_join_as_every_walk_does(news: list[str]) -> None:
    walked = walk_all(news[:60], news, 8, 5, "0")
    for coverage in (0.5, 0.05, 0.0):
        found = join(news[:60], news, PhraseThresholds(coverage=coverage))
        assert len(found) >= 60
        assert found == [row for row in walked if 8 * row[2] >= coverage * len(news[row[0]])]


def test_pairs_held_apart_are_left_out_and_chosen_rows_keep_their_numbers(news: list[str]) -> None:
    texts = [news[row % 3] + str(row) for row in range(200)]
    held = shingle(texts, 8)
    free = triples(probe_phrases(build_phrase_index([held]), code_points(texts)))
    values = np.arange(200, dtype=np.uint64) % 50
    slots = Slots(np.arange(201), np.full(200, 9, np.uint64), values)
    index = build_phrase_index([held], slots)
    kept = [pair for pair in free if values[pair[0]] == values[pair[1]]]
    assert len(free) > len(kept) > 200
    assert triples(probe_phrases(index, code_points(texts), slots=slots)) == kept
    some = np.array([120, 7])
    assert triples(probe_phrases(index, code_points(texts), slots=slots, rows=some)) == [
        pair for pair in kept if pair[0] in some
    ]


def test_degenerate_texts_join() -> None:
    sure = PhraseThresholds()
    assert join([], [], sure) == join(["甲" * 50], [], sure) == join([], ["甲"], sure) == []
    assert join(["", "甲", "乙" * 7], ["", "甲", "乙" * 7], PhraseThresholds(1, 0)) == []
    assert join(["x" * 1_000_000], ["x" * 8, "x" * 7], sure) == [(0, 0, 125_000)]
    assert len(join(["一二三四五六七八九十" * 5] * 10_000, ["一二三四五六七八九十" * 9], sure)) == 10_000


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"overlap": 0}, "overlap of 0"), ({"width": 0}, "width of 0"), ({"coverage": 1.1}, "coverage of 1.1")],
)
def test_thresholds_out_of_bounds_are_refused(setting: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"found a phrase {message}"):
        PhraseThresholds(**setting)
