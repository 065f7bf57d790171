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


def token_frequency(tokens: NDArray[np.uint64], frequency: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The count of each token, in the shape of `tokens`.

    Raises:
        ValueError: `frequency` has not `BUCKETS` entries.
    """
    if frequency.shape != (BUCKETS,):
        raise ValueError(f"found document frequencies of shape {frequency.shape}, wanted ({BUCKETS},)")
    return _look_up(tokens, frequency)


@kernel
def _count(tokens: NDArray[np.uint64]) -> NDArray[np.uint32]:
    counts = np.zeros(BUCKETS, np.uint32)
    for token in tokens:
        counts[mix(token) & np.uint64(BUCKETS - 1)] += np.uint32(1)
    return counts


@kernel
def _look_up(tokens: NDArray[np.uint64], frequency: NDArray[np.uint32]) -> NDArray[np.uint32]:
    found = np.empty(len(tokens), np.uint32)
    for place, token in enumerate(tokens):
        found[place] = frequency[mix(token) & np.uint64(BUCKETS - 1)]
    return found
