"""SimHash equals its definition written out in Python, and is near for texts that are."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.similarity.simhash import distance, simhash

FULL = 2**64 - 1


def mixed(value: int) -> int:
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & FULL
    value = (value ^ value >> 27) * 0x94D049BB133111EB & FULL
    return value ^ value >> 31


def by_definition(text: str, width: int) -> int:
    grams = Counter(text[start : start + width] for start in range(max(len(text) - width + 1, 1)))
    sums = [0] * 64
    for gram, times in grams.items():
        hashed = mixed(sum((ord(char) + 1) << 21 * place for place, char in enumerate(reversed(gram))))
        for bit in range(64):
            sums[bit] += times if hashed >> bit & 1 else -times
    return sum(1 << bit for bit in range(64) if sums[bit] > 0)


@given(st.lists(st.text(max_size=40) | st.text("ab", max_size=6), max_size=5), st.integers(1, 3))
@settings(deadline=None)
def test_simhash_is_its_definition(texts: list[str], width: int) -> None:
    assert simhash(texts, width).tolist() == [by_definition(text, width) for text in texts]


def test_like_texts_are_near_and_others_far() -> None:
    text = "".join(map(chr, np.random.default_rng(4).integers(0x4E00, 0x9000, 900)))
    near, edited, far = simhash([text, text[:400] + "改" + text[401:], text[::-1]])
    assert distance(near, edited) <= 8 < distance(near, far)


def test_degenerate_texts_have_hashes() -> None:
    assert simhash([]).tolist() == []
    assert simhash([""]).tolist() == [0]
    assert simhash(["甲" * 1_000_000]).tolist() == simhash(["甲" * 3]).tolist()


@pytest.mark.parametrize(("a", "b", "bits"), [(0, FULL, 64), (5, 5, 0), (1, 2, 2)])
def test_distance_counts_bits(a: int, b: int, bits: int) -> None:
    assert distance(np.array([a], np.uint64), np.array([b], np.uint64)).tolist() == [bits]
