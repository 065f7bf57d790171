"""Outside of its differences two texts are equal, whichever way they were aligned."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dedup.alignment import Difference, differences

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x4FFF)


def _text(seed: int, length: int, characters: int = 4_000) -> str:
    rng = random.Random(seed)
    return "".join(chr(0x4E00 + rng.randrange(characters)) for _ in range(length))


def _assert_equal_between(left: str, right: str, found: list[Difference]) -> None:
    x = y = 0
    for difference in found:
        assert difference.left - x == difference.right - y >= (1 if x or y else 0)
        assert left[x : difference.left] == right[y : difference.right]
        x, y = difference.left_end, difference.right_end
    assert left[x:] == right[y:]


@given(st.text("甲乙丙", max_size=60), st.text("甲乙丙", max_size=60))
def test_short_texts(left: str, right: str) -> None:
    found = differences(left, right)
    _assert_equal_between(left, right, found)
    assert bool(found) == (left != right)


@given(
    st.text(HAN, min_size=30, max_size=80), st.text(HAN, min_size=100), st.text(HAN), st.integers(0, 29), HAN
)
def test_a_text_in_a_much_longer_one(text: str, before: str, after: str, place: int, other: str) -> None:
    longer = before + text[:place] + other + text[place + 1 :] + after
    _assert_equal_between(text, longer, differences(text, longer))
    _assert_equal_between(longer, text, differences(longer, text))


@pytest.mark.parametrize("place", [5, 100, 294])
def test_the_shorter_text_is_not_scattered_over_the_longer(place: int) -> None:
    text = _text(1, 300, 20)
    edited = f"{text[:place]}改{text[place + 1 :]}"
    longer = _text(2, 5_000, 20) + edited + _text(3, 5_000, 20)
    assert Difference(place, place + 1, 5_000 + place, 5_001 + place) in differences(text, longer)
    assert len(differences(text, longer)) <= 4


def test_long_texts_are_aligned_within_bounded_memory() -> None:
    left = _text(4, 100_000)
    right = "".join(character if place % 97 else "改" for place, character in enumerate(left))
    tracemalloc.start()
    found = differences(left, right)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    _assert_equal_between(left, right, found)
    assert len(found) == len(range(0, 100_000, 97))
    assert peak < 100 * 2**20


def test_long_texts_without_anchors_are_one_difference() -> None:
    left, right = "甲乙" * 5_000, "甲丙" * 5_000
    assert differences(left, right) == [Difference(0, 10_000, 0, 10_000)]


@given(st.text(HAN, min_size=1), st.text(HAN, min_size=1), st.text(HAN, min_size=1))
def test_a_text_that_a_much_longer_one_holds_differs_only_around_it(
    text: str, before: str, after: str
) -> None:
    longer = before + text + after + "尾" * len(text)
    place = longer.index(text)
    around = [Difference(0, 0, 0, place), Difference(len(text), len(text), place + len(text), len(longer))]
    assert differences(text, longer) == [each for each in around if each.right < each.right_end]
