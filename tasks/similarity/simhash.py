"""SimHash: 64 bits of a text that differ in few places where texts differ little (Charikar 2002)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import kernel, mix
from tasks.similarity.shingles import CodePoints, code_points, windows

BITS = 64


def simhash(texts: Sequence[str] | CodePoints, width: int = 3) -> NDArray[np.uint64]:
    """The SimHash of each text over its substrings of `width` characters, each weighed by how often it stands there.

    A bit is set where more than half of the substrings have it set in their own hash, a fixed 64-bit mix. The hash of
    an empty text is 0.
    """
    points = texts if isinstance(texts, CodePoints) else code_points(texts)
    return _vote(*windows(points, width))


def distance(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The number of bits, 0 to 64, in which hashes differ, element by element."""
    bits: NDArray[np.uint8] = np.bitwise_count(a ^ b)
    return bits


@kernel
def _vote(offsets: NDArray[np.int64], tokens: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = np.zeros(len(offsets) - 1, np.uint64)
    votes = np.empty(BITS, np.uint32)
    for text in range(len(hashes)):
        votes[:] = 0
        for token in tokens[offsets[text] : offsets[text + 1]]:
            hashed = mix(token)
            for bit in range(BITS):
                votes[bit] += np.uint32((hashed >> np.uint64(bit)) & np.uint64(1))
        for bit in range(BITS):
            if 2 * np.int64(votes[bit]) > offsets[text + 1] - offsets[text]:
                hashes[text] |= np.uint64(1) << np.uint64(bit)
    return hashes
