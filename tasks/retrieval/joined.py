"""Words and characters side by side: one finds what is meant alike, the other what is spelled alike."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.words import WordEmbedder


def join(
    words: NDArray[np.float32], characters: NDArray[np.float32], words_weight: float
) -> NDArray[np.float32]:
    """Unit rows whose cosine is `words_weight` times that of the words plus the rest times that of the characters.

    A text that has only one of the two keeps it alone.
    """
    rows = np.hstack([words * math.sqrt(words_weight), characters * math.sqrt(1 - words_weight)])
    norms = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    return np.asarray(np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0), np.float32)


class JoinedEmbedder:
    """The joined vectors of texts."""

    def __init__(self, words: WordEmbedder, characters: HashEmbedder, words_weight: float) -> None:
        """`words_weight` is strictly between 0 and 1."""
        self._words = words
        self._characters = characters
        self._weight = words_weight

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows, one a text; the row of a text without letters or digits is zero."""
        return join(self._words.embed(texts), self._characters.embed(texts), self._weight)
