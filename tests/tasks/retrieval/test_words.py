"""Texts as sums of word vectors: unit rows, the same bytes in any company."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.retrieval.config import TokenConfig
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.joined import JoinedEmbedder, join
from tasks.retrieval.tokens import shared_tokenizer
from tasks.retrieval.words import VECTORS, WORDS, WordEmbedder, WordSum, WordTable, encode_table

WORDS_OF_TABLE = ["碳", "排放", "配额", "利率", "下调", "国债"]
CHANCE = np.random.default_rng(7)
FILES = encode_table(WORDS_OF_TABLE, CHANCE.normal(size=(6, 48)).astype(np.float32))
TABLE = WordTable.decode(FILES[WORDS], FILES[VECTORS])
CHARACTERS = HashEmbedder(64).embed(["利率国债", "利率碳"])
TOKENS = st.lists(st.sampled_from([*WORDS_OF_TABLE, "未知"]), max_size=30)


def test_a_row_is_the_unit_sum_of_its_words_by_the_root_of_their_counts() -> None:
    row = WordSum(TABLE).embed_tokens([["利率", "下调", "利率", "利率", "利率", "未知"]])[0]
    wanted = 2 * TABLE.vectors[3].astype(np.float64) + TABLE.vectors[4]
    assert np.allclose(row, wanted / np.linalg.norm(wanted), atol=1e-6)


def test_a_text_without_a_known_word_is_the_zero_vector() -> None:
    rows = WordSum(TABLE).embed_tokens([["未知"], [], ["碳"]])
    assert [bool(row.any()) for row in rows] == [False, False, True]
    assert WordSum(TABLE).embed_tokens([]).shape == (0, 48)


@given(st.lists(TOKENS, min_size=1, max_size=12), st.integers(0, 12))
def test_a_row_has_the_same_bytes_in_any_company(texts: list[list[str]], cut: int) -> None:
    adder = WordSum(TABLE)
    together = adder.embed_tokens(texts)
    apart = np.concatenate([adder.embed_tokens(texts[:cut]), adder.embed_tokens(texts[cut:])])
    shuffled = adder.embed_tokens([tokens[::-1] for tokens in texts])
    assert together.tobytes() == apart.tobytes() == shuffled.tobytes()


def test_texts_are_cut_as_the_index_cuts_them() -> None:
    embedder = WordEmbedder(TABLE, shared_tokenizer(TokenConfig()))
    row = embedder.embed(["国债利率下调！"])[0]
    assert np.array_equal(row, WordSum(TABLE).embed_tokens([["国债", "利率", "下调"]])[0])


def test_a_damaged_table_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"found 5 words and vectors of shape \(6, 48\), wanted a row a word"
    ):
        WordTable.decode("\n".join(WORDS_OF_TABLE[:5]).encode(), FILES[VECTORS])


@given(st.floats(0.05, 0.95))
def test_a_joined_cosine_is_the_weighted_sum_of_both(weight: float) -> None:
    words = WordSum(TABLE).embed_tokens([["利率", "国债"], ["利率", "碳"]])
    first, second = join(words, CHARACTERS, weight)
    assert first @ second == pytest.approx(
        weight * (words[0] @ words[1]) + (1 - weight) * (CHARACTERS[0] @ CHARACTERS[1]), abs=1e-5
    )


def test_what_has_no_known_word_is_still_found_by_its_characters() -> None:
    tokenizer = shared_tokenizer(TokenConfig())
    embedder = JoinedEmbedder(WordEmbedder(TABLE, tokenizer), HashEmbedder(64), 0.5)
    rows = embedder.embed(["茅台", "碳", "。"])
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 1, 0], atol=1e-6)
    assert not rows[0, :48].any()
