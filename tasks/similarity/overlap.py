"""How many tokens two sets must share to be alike, which tokens tell of it, and how many two sets do share."""

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import MILLION, kernel, seek

MORE = 4
"""Tokens by which a prefix is longer than it must be: a pair then shares more than one, and few others do."""


LARGEST = np.iinfo(np.int32).max


@kernel
def least_overlap(small: int, large: int, jaccard: int, containment: int, of_large: bool = False) -> int:
    """The tokens that sets of two sizes must share to be alike by millionths of Jaccard or of containment.

    Containment is that of the smaller set in the larger one, or `of_large` that of the larger in the smaller.
    """
    by_jaccard = -(-jaccard * (small + large) // (MILLION + jaccard))
    by_containment = -(-containment * (large if of_large else small) // MILLION)
    return min(by_jaccard, by_containment)


@kernel
def largest_partner(size: int, rank: int, jaccard: int, containment: int) -> int:
    """The size up to which texts need the token of this rank, from 1 on, in the prefix of a smaller one; 0 if none."""
    overlap = size - rank + 1 + MORE
    if overlap >= -(-containment * size // MILLION):
        return LARGEST
    largest = overlap * (MILLION + jaccard) // jaccard - size
    return min(largest, LARGEST) if largest >= size else 0


@kernel
def shared(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> int:
    """The number of tokens in both of two ascending sets."""
    return shared_or_none(left, right, 0)


@kernel
def shared_or_none(left: NDArray[np.uint64], right: NDArray[np.uint64], need: int) -> int:
    """The number of tokens in both of two ascending sets if it is `need` or more, else 0."""
    return _shared(left, right, need) if len(left) <= len(right) else _shared(right, left, need)


@kernel
def _shared(small: NDArray[np.uint64], large: NDArray[np.uint64], need: int) -> int:
    place = 0
    count = 0
    spare = len(small) - need
    for token in small:
        place = seek(large, place, len(large), token)
        if place < len(large) and large[place] == token:
            count += 1
        elif spare == 0:
            return 0
        else:
            spare -= 1
    return count
