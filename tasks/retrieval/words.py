"""Text as the sum of its words' vectors, which were distilled once from a model: semantic search at hashing's speed.

A text's vector is the sum over its distinct words of `sqrt(count) * vector`, made a unit vector; how much a word weighs
is the length of its vector. The idea is model2vec's (Tulkens and van Dongen 2024), over the corpus' own vocabulary.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.dense import decode_vectors, encode_vectors
from tasks.retrieval.tokens import Tokenizer

WORDS = "words.txt"
VECTORS = "words.npy"
"""The two files of a table, in its artifact and in the folder of an index."""


@dataclass(frozen=True, slots=True)
class WordTable:
    """Words and their vectors: `vectors[number[word]]` is float16, its length is the word's weight."""

    number: dict[str, int]
    vectors: NDArray[np.float16]

    @classmethod
    def decode(cls, words: bytes, vectors: bytes) -> Self:
        """The table whose two files hold these bytes; raises `ValueError` where they do not fit each other."""
        listed = words.decode().split("\n")
        rows = decode_vectors(vectors)
        if rows.ndim != 2 or len(rows) != len(listed):
            raise ValueError(
                f"found {len(listed)} words and vectors of shape {rows.shape}, wanted a row a word; "
                "distil the words again"
            )
        return cls({word: number for number, word in enumerate(listed)}, rows)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The table of an index folder; raises `OSError` where there is none and `ValueError` where it is damaged."""
        return cls.decode((folder / WORDS).read_bytes(), (folder / VECTORS).read_bytes())


class WordSum:
    """Adds up the vectors of words; equal texts get equal bytes whatever stands beside them."""

    def __init__(self, table: WordTable) -> None:
        """Words that are not in `table` count for nothing."""
        self._number = table.number
        self._vectors = table.vectors.astype(np.float32)
        self.dimensions = self._vectors.shape[1]

    def embed_tokens(self, texts: Iterable[Sequence[str]]) -> NDArray[np.float32]:
        """Unit rows `[texts, dimensions]` of texts cut into words; the row of one without a known word is zero."""
        rows = [self._row(tokens) for tokens in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def _row(self, tokens: Sequence[str]) -> NDArray[np.float32]:
        # One text at a time and no BLAS: in a product of matrices the last bits of a row depend on the others.
        known = [number for token in tokens if (number := self._number.get(token)) is not None]
        if not known:
            return np.zeros(self.dimensions, np.float32)
        numbers, times = np.unique(known, return_counts=True)
        total = (self._vectors[numbers] * np.sqrt(times, dtype=np.float32)[:, np.newaxis]).sum(axis=0)
        norm = np.sqrt(np.square(total).sum())
        return np.asarray(total / norm if norm > 0 else total, np.float32)


class WordEmbedder:
    """The vectors of texts by their words."""

    def __init__(self, table: WordTable, tokenizer: Tokenizer) -> None:
        """`tokenizer` is the one that the table's words came from."""
        self._sum = WordSum(table)
        self._tokenizer = tokenizer

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows, one a text; the row of a text without a known word is zero."""
        return self._sum.embed_tokens(map(self._tokenizer.tokens, texts))


def encode_table(words: Sequence[str], vectors: NDArray[np.float32]) -> dict[str, bytes]:
    """The bytes of a table's two files by name."""
    return {WORDS: "\n".join(words).encode(), VECTORS: encode_vectors(vectors)}
