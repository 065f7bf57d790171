"""Character hashing gives stable unit vectors."""

import math
import unicodedata
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.retrieval.hashing import HashEmbedder


def test_rows_are_unit_vectors() -> None:
    rows = HashEmbedder(128).embed(["碳排放权交易", "a", "净利润同比增长12%"])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_text_without_letters_or_digits_is_the_zero_vector() -> None:
    assert not HashEmbedder(128).embed(["", "，。！ \n"]).any()


def test_a_single_character_falls_in_the_same_bucket_in_every_process() -> None:
    rows = HashEmbedder(1024).embed(["碳", "债"])
    assert [(int(row.nonzero()[0][0]), float(row.sum())) for row in rows] == [(969, -1.0), (465, -1.0)]


def test_width_and_case_do_not_matter() -> None:
    wide, narrow = HashEmbedder(256).embed(["ＥＴＦ　份额", "etf份额"])
    assert np.array_equal(wide, narrow)


def test_texts_that_share_words_are_closer_than_texts_that_do_not() -> None:
    query, same, other = HashEmbedder(1024).embed(["碳配额价格", "全国碳配额价格上涨", "银行净息差收窄"])
    assert query @ same > query @ other + 0.2


def by_definition(text: str, dimensions: int) -> list[float]:
    """Square-root counts of characters and pairs, signed and placed by a hash, in plain whole numbers."""
    letters = [ord(letter) for letter in unicodedata.normalize("NFKC", text).lower() if letter.isalnum()]
    grams = Counter([(first, 0) for first in letters] + list(pairwise(letters)))
    cells = [0.0] * dimensions
    for (first, second), count in grams.items():
        value = (first << 21 | second) * 0x9E3779B97F4A7C15 % 2**64
        value = (value ^ value >> 32) * 0xD6E8FEB86659FD93 % 2**64
        value ^= value >> 32
        cells[value % dimensions] += math.sqrt(count) * (1 if value >> 63 else -1)
    norm = math.hypot(*cells)
    return [cell / norm for cell in cells] if norm else cells


@settings(deadline=None)  # the first call compiles
@given(st.text(max_size=60) | st.text("碳配额价格", max_size=60), st.sampled_from([64, 100, 1024]))
def test_a_vector_is_that_of_the_definition(text: str, dimensions: int) -> None:
    assert HashEmbedder(dimensions).embed([text])[0].tolist() == pytest.approx(
        by_definition(text, dimensions), abs=1e-6
    )


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=20), st.integers(0, 20))
def test_a_vector_does_not_depend_on_its_neighbours(texts: list[str], before: int) -> None:
    embedder = HashEmbedder(64)
    padded = embedder.embed([*["其他文字"] * before, *texts])[before:]
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.array_equal(padded, alone)


def test_many_texts_keep_their_order() -> None:
    texts = [f"第{number}号公告" for number in range(600)]
    rows = HashEmbedder(64).embed(texts)
    assert np.array_equal(rows[599], HashEmbedder(64).embed([texts[599]])[0])
