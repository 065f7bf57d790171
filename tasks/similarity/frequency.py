"""How many texts hold a token, counted in buckets so that blocks of texts can be counted apart and added."""

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import kernel, mix
from tasks.similarity.shingles import Shingles

BUCKETS = 2**22
"""Tokens of one bucket share a count. Joins are exact whatever the counts; they are only slower when counts mislead."""


def document_frequency(shingles: Shingles) -> NDArray[np.uint32]:
    """`[BUCKETS]` counts of texts by the bucket of their tokens; the counts of two blocks add up to those of both."""
    return _count(shingles.tokens)


def require_frequency(frequency: NDArray[np.uint32]) -> None:
    """Refuse what `document_frequency` did not give.

    Raises:
        ValueError: `frequency` has not `BUCKETS` entries.
    """
    if frequency.shape != (BUCKETS,):
        raise ValueError(f"found document frequencies of shape {frequency.shape}, wanted ({BUCKETS},)")


@kernel
def token_frequency(token: np.uint64, frequency: NDArray[np.uint32]) -> np.uint32:
    """The count of a token."""
    return np.uint32(frequency[mix(token) & np.uint64(BUCKETS - 1)])


@kernel
def _count(tokens: NDArray[np.uint64]) -> NDArray[np.uint32]:
    counts = np.zeros(BUCKETS, np.uint32)
    for token in tokens:
        counts[mix(token) & np.uint64(BUCKETS - 1)] += np.uint32(1)
    return counts
