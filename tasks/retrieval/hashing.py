"""Embed text without a model: its characters and character pairs, hashed with a sign into a unit vector.

The stand-in embedder of machines without a GPU: nothing to fit or to download, equal vectors everywhere. Two
texts are close when they share characters and pairs; it knows no synonyms.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class HashEmbedder:
    """Signed feature hashing of characters and pairs: square-root term frequency, cosine geometry."""

    def __init__(self, dimensions: int) -> None:
        """Vectors will have `dimensions` entries; more means fewer collisions."""
        self.dimensions = dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows, one a text; the row of a text without letters or digits is zero."""
        from tasks.retrieval.kernels import hash_grams  # noqa: PLC0415 it brings numba

        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for text, row in zip(texts, rows, strict=True):
            if letters := _letters(text):
                hash_grams(np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), "<u4"), row)
        return rows


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).lower()))
