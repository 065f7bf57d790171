"""Sketches of token sets: a few bits that bound how many tokens two sets share (Sandes, Teodoro and Melo 2017).

Each token sets one bit of its text's sketch. A bit that one set has and another has not stands for a token, or more,
that they do not share: so most pairs are told apart without reading their tokens.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import bits, kernel, mix

WORDS = 32
"""64-bit words of a sketch: enough to tell texts of a thousand characters apart."""


@kernel
def sketch(offsets: NDArray[np.int64], tokens: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`[texts, WORDS]` sketches of token sets."""
    sketches = np.zeros((len(offsets) - 1, WORDS), np.uint64)
    for text in range(len(sketches)):
        for token in tokens[offsets[text] : offsets[text + 1]]:
            # The lower bits: the upper ones are shared by what stands in one bucket of an index.
            bit = mix(token) % np.uint64(64 * WORDS)
            sketches[text, bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))
    return sketches


@kernel
def least_missing(sketch: NDArray[np.uint64], other: NDArray[np.uint64]) -> np.int64:
    """So many tokens, or more, of the first set are not in the other."""
    missing = np.uint64(0)
    for word in range(WORDS):
        missing += bits(sketch[word] & ~other[word])
    return np.int64(missing)
