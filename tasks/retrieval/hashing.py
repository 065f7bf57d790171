"""Embed text without a model: its characters and character pairs, hashed with a sign into a unit vector.

The stand-in embedder of machines without a GPU: nothing to fit or to download, equal vectors everywhere. Two
texts are close when they share characters and pairs; it knows no synonyms.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BATCH = 256
BITS = np.uint64(21)
"""A code point fits in 21 bits, a pair in 42; the text's number in its batch has the other 22."""
PAIR_MASK = np.uint64((1 << 42) - 1)
MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93))
HALF = np.uint64(32)
SIGN_BIT = np.uint64(63)


class HashEmbedder:
    """Signed feature hashing of characters and pairs: square-root term frequency, cosine geometry."""

    def __init__(self, dimensions: int) -> None:
        """Vectors will have `dimensions` entries; more means fewer collisions."""
        self.dimensions = dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows, one a text; the row of a text without letters or digits is zero."""
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for start in range(0, len(texts), BATCH):
            rows[start : start + BATCH] = self._batch(texts[start : start + BATCH])
        return rows

    def _batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        keys, counts = np.unique(_grams(texts), return_counts=True)
        text = (keys >> (BITS + BITS)).astype(np.int64)
        mixed = _mix(keys & PAIR_MASK)
        bucket = (mixed % np.uint64(self.dimensions)).astype(np.int64)
        weight = np.sqrt(counts) * np.where(mixed >> SIGN_BIT, 1.0, -1.0)
        cells = np.bincount(text * self.dimensions + bucket, weight, len(texts) * self.dimensions)
        rows = cells.astype(np.float64).reshape(len(texts), self.dimensions)
        norms = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
        return np.asarray(np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0), np.float32)


def _grams(texts: Sequence[str]) -> NDArray[np.uint64]:
    """Each occurrence of a gram: text number, first and second character, 0 where there is no second."""
    plain = [_letters(text) for text in texts]
    codes = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    text = np.repeat(np.arange(len(plain), dtype=np.uint64), [len(letters) for letters in plain]) << (
        BITS + BITS
    )
    within = text[1:] == text[:-1]
    pairs = (text[1:] | codes[:-1] << BITS | codes[1:])[within]
    return np.concatenate([text | codes << BITS, pairs])


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).lower()))


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A multiply-xor-shift hash: the same on every machine and in every process, unlike Python's own."""
    mixed = value * MIX[0]
    mixed ^= mixed >> HALF
    mixed *= MIX[1]
    return mixed ^ (mixed >> HALF)
