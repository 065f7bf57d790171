"""Shingles are the sets of substrings, and small ones cannot collide."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.similarity.shingles import CodePoints, Shingles, code_points, shingle, windows

TEXTS = st.lists(
    st.text(max_size=30) | st.text("ab\x00", max_size=8) | st.text(st.characters(codec=None), max_size=5),
    max_size=8,
)


def substrings(text: str, width: int) -> set[str]:
    return {text[start : start + width] for start in range(max(len(text) - width + 1, bool(text)))}


def packed(substring: str) -> int:
    """Different for different substrings of up to three characters."""
    return sum((ord(char) + 1) << 21 * place for place, char in enumerate(reversed(substring)))


@given(TEXTS, st.integers(1, 3))
@settings(deadline=None)
def test_narrow_shingles_are_packed_substrings(texts: list[str], width: int) -> None:
    made = shingle(texts, width)
    rows = np.split(made.tokens, made.offsets[1:-1]) if texts else []
    assert [row.tolist() for row in rows] == [sorted(map(packed, substrings(text, width))) for text in texts]


@given(TEXTS, st.integers(4, 12))
@settings(deadline=None)
def test_wide_shingles_tell_substrings_apart(texts: list[str], width: int) -> None:
    names: dict[int, str] = {}
    offsets, tokens = windows(code_points(texts), width)
    for row, text in enumerate(texts):
        places = range(max(len(text) - width + 1, bool(text)))
        assert offsets[row + 1] - offsets[row] == len(places)
        for token, start in zip(tokens[offsets[row] :].tolist(), places, strict=False):
            assert names.setdefault(token, text[start : start + width]) == text[start : start + width]
    assert len(set(names.values())) == len(names)
    made = shingle(texts, width)
    assert made.sizes.tolist() == [len(substrings(text, width)) for text in texts]
    assert set(made.tokens.tolist()) == set(names)


@given(TEXTS, st.integers(1, 9))
@settings(deadline=None)
def test_shingles_do_not_depend_on_the_other_texts(texts: list[str], width: int) -> None:
    together = shingle(texts, width)
    for row, text in enumerate(texts):
        alone = shingle([text], width)
        taken = together.take(np.array([row]))
        assert taken.offsets.tolist() == alone.offsets.tolist()
        assert taken.tokens.tolist() == alone.tokens.tolist()
        points = code_points(texts).take(np.array([row]))
        assert isinstance(points, CodePoints)
        assert points.codes.tolist() == [ord(char) for char in text]


def test_tokens_of_wide_shingles_stay_what_they_are() -> None:
    """They are stored in indexes, and frequencies counted from them."""
    assert shingle(["一二三四五六七八"], 8).tokens.tolist() == [1370684325960066519]


def test_degenerate_texts_have_shingles() -> None:
    assert shingle([], 3).offsets.tolist() == [0]
    assert shingle(["", "", ""], 3).offsets.tolist() == [0, 0, 0, 0]
    assert shingle(["x" * 1_000_000, "", "xx"], 3).sizes.tolist() == [1, 0, 1]
    assert len(shingle(["".join(map(chr, range(0x20, 0xD800))) * 100], 8).tokens) == 0xD800 - 0x20


def test_rows_are_taken_in_any_order_and_number() -> None:
    made = shingle(["ab", "", "abc"], 1)
    assert made.take(np.array([2, 0, 0, 1])).sizes.tolist() == [3, 2, 2, 0]
    assert len(made.take(np.zeros(0, np.int64))) == 0


def test_parts_are_gathered_in_any_order_and_their_list_is_emptied() -> None:
    texts = ["ab", "", "abc", "c", "abcd"]
    parts = [shingle(texts[:3], 1), shingle([], 1), shingle(texts[3:], 1)]
    rows = np.array([4, 0, 2, 3, 1])
    made, wanted = Shingles.gather(parts, rows), shingle(texts, 1).take(rows)
    assert np.array_equal(made.offsets, wanted.offsets)
    assert np.array_equal(made.tokens, wanted.tokens)
    assert parts == []


def test_a_width_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="found shingles of 0 characters, wanted at least 1"):
        shingle(["a"], 0)
