"""Postings hold the texts of every token, prefixes in front."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.similarity.postings import build_postings, find
from tasks.similarity.shingles import shingle


@given(st.lists(st.text("abcdefgh", max_size=40), max_size=20), st.integers(0, 2**32))
@settings(deadline=None)
def test_every_token_lists_its_texts(texts: list[str], seed: int) -> None:
    made = shingle(texts, 2)
    front = np.random.default_rng(seed).random(len(made.tokens)) < 0.5
    postings = build_postings(made, front)
    rows = np.repeat(np.arange(len(texts)), made.sizes)
    for token in np.unique(made.tokens):
        number = postings.numbers[find(postings.table, postings.numbers, token)]
        start, middle, end = postings.starts[number], postings.middles[number], postings.starts[number + 1]
        held = made.tokens == token
        assert postings.texts[start:middle].tolist() == rows[held & front].tolist()
        assert postings.texts[middle:end].tolist() == rows[held & ~front].tolist()


def test_the_table_grows_with_its_tokens() -> None:
    made = shingle(["".join(map(chr, range(0x4E00, 0x4E00 + 9000)))], 1)
    postings = build_postings(made, np.ones(9000, bool))
    found = [postings.numbers[find(postings.table, postings.numbers, token)] for token in made.tokens]
    assert found == list(range(9000))
    assert postings.numbers[find(postings.table, postings.numbers, np.uint64(5))] == -1
