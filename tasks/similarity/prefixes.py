"""The prefix of a set of tokens, its rarest ones, and the sizes up to which each of them leads to larger sets."""

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import RADIX_BITS, kernel, sort_by_byte
from tasks.similarity.frequency import require_frequency, token_frequency
from tasks.similarity.overlap import MORE, largest_partner, least_overlap
from tasks.similarity.shingles import Shingles


def find_prefixes(
    shingles: Shingles, frequency: NDArray[np.uint32], jaccard: int, containment: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The size up to which each token leads to larger texts, 0 outside of prefixes, and the length of each prefix.

    Args:
        shingles: the token sets of the texts.
        frequency: `[BUCKETS]` document frequencies; equally rare tokens of a text go by value.
        jaccard: the threshold in millionths.
        containment: the other threshold in millionths.

    Raises:
        ValueError: `frequency` has not `BUCKETS` entries.
    """
    require_frequency(frequency)
    prefixes = _prefix_lengths(shingles.sizes, jaccard, containment)
    reach = _reach(shingles.offsets, shingles.tokens, frequency, prefixes, jaccard, containment)
    return reach, prefixes


@kernel
def _prefix_lengths(sizes: NDArray[np.int64], jaccard: int, containment: int) -> NDArray[np.int32]:
    lengths = np.empty(len(sizes), np.int32)
    for text, size in enumerate(sizes):
        lengths[text] = min(size, size - least_overlap(size, size, jaccard, containment) + 1 + MORE)
    return lengths


@kernel
def _reach(
    offsets: NDArray[np.int64],
    tokens: NDArray[np.uint64],
    frequency: NDArray[np.uint32],
    prefixes: NDArray[np.int32],
    jaccard: int,
    containment: int,
) -> NDArray[np.int32]:
    """`largest_partner` of each token that is in the prefix of its text, 0 for the others."""
    reach = np.zeros(len(tokens), np.int32)
    longest = 0
    for text in range(len(prefixes)):
        longest = max(longest, offsets[text + 1] - offsets[text])
    counts, old_counts = np.empty(longest, np.uint32), np.empty(longest, np.uint32)
    order, old_order = np.empty(longest, np.int32), np.empty(longest, np.int32)
    for text in range(len(prefixes)):
        start, size = offsets[text], offsets[text + 1] - offsets[text]
        most = np.uint32(0)
        for place in range(size):
            counts[place] = token_frequency(tokens[start + place], frequency)
            order[place] = place
            most = max(most, counts[place])
        shift = 0
        while most >> np.uint32(shift):
            old_counts[:size], old_order[:size] = counts[:size], order[:size]
            sort_by_byte(old_counts[:size], old_order[:size], shift, counts, order)
            shift += RADIX_BITS
        for rank in range(prefixes[text]):
            reach[start + order[rank]] = largest_partner(size, rank + 1, jaccard, containment)
    return reach
