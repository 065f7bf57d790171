"""Postings hold the texts of every token, prefixes in front."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.similarity.postings import FEW, Postings, build_postings, look_up
from tasks.similarity.shingles import Shingles, shingle


def lists_of(postings: Postings, token: np.uint64) -> tuple[list[int], list[int]]:
    """The texts of a token that is held: in front, and the rest."""
    (number,) = look_up(postings, np.array([token], np.uint64)).tolist()
    assert number >= 0
    start, middle, end = postings.starts[number], postings.middles[number], postings.starts[number + 1]
    return postings.texts[start:middle].tolist(), postings.texts[middle:end].tolist()


@given(st.lists(st.text("abcdefgh", max_size=40), max_size=3 * FEW), st.integers(0, 2**32))
@settings(deadline=None)
def test_every_token_lists_its_texts(texts: list[str], seed: int) -> None:
    made = shingle(texts, 2)
    front = np.random.default_rng(seed).random(len(made.tokens)) < 0.5
    postings, undivided = build_postings(made, front), build_postings(made)
    rows = np.repeat(np.arange(len(texts)), made.sizes)
    for token in np.unique(made.tokens):
        held = made.tokens == token
        assert lists_of(postings, token) == (rows[held & front].tolist(), rows[held & ~front].tolist())
        assert lists_of(undivided, token) == (rows[held].tolist(), [])


def test_tokens_are_numbered_without_gaps_and_others_not_at_all() -> None:
    made = shingle(["".join(map(chr, range(0x4E00, 0x4E00 + 9000)))] * 2, 1)
    postings = build_postings(made)
    assert sorted(look_up(postings, made.tokens[:9000]).tolist()) == list(range(9000))
    assert look_up(postings, np.array([5, 2**64 - 1], np.uint64)).tolist() == [-1, -1]


def test_an_index_of_nothing_holds_nothing() -> None:
    nothing = build_postings(Shingles(np.zeros(1, np.int64), np.zeros(0, np.uint64)))
    assert look_up(nothing, np.array([0, 7], np.uint64)).tolist() == [-1, -1]
