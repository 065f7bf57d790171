"""The compiled walks of the phrase join: through one indexed text, or through all at once."""

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import kernel, seek
from tasks.similarity.postings import Postings


@kernel
def rarer(
    numbers: NDArray[np.int32], width: int, starts: NDArray[np.int32], most: int
) -> tuple[NDArray[np.int32], int]:
    """The numbers without those of frequent tokens, -1 in their place, and how many of these fit without overlap.

    So many are left out that at most `most` fit.
    """
    limit = 2
    while True:
        rare = numbers.copy()
        left_out = 0
        free = 0
        for place, number in enumerate(numbers):
            if number >= 0 and starts[number + 1] - starts[number] > limit:
                rare[place] = -1
                if place >= free:
                    left_out += 1
                    free = place + width
        if left_out <= most:
            return rare, left_out
        limit *= 2


@kernel
def walk_all(
    numbers: NDArray[np.int32],
    width: int,
    postings: Postings,
    ranges: NDArray[np.int64],
    counts: NDArray[np.int32],
    resume: NDArray[np.int64],
    touched: NDArray[np.int32],
) -> int:
    """Count the phrases of a text in each indexed text; fill `touched` with those that have any, return how many.

    Args:
        numbers: those of the tokens of the text in the postings, place by place.
        width: characters of a phrase.
        postings: those of the indexed texts.
        ranges: the indexed texts to look at.
        counts: zeros, to be filled.
        resume: where the walk through each indexed text goes on.
        touched: to be filled.
    """
    # Places in memory that are read in a loop of their own are waited for many at once.
    firsts = np.empty(len(numbers), np.int32)
    for place, number in enumerate(numbers):
        firsts[place] = postings.texts[postings.starts[number]] if number >= 0 else -1
    reached = 0
    for place, number in enumerate(numbers):
        if firsts[place] < 0:
            continue
        start, end = postings.starts[number], postings.starts[number + 1]
        for span in range(len(ranges)):
            start = seek(postings.texts, start, end, ranges[span, 0])
            while start < end and postings.texts[start] < ranges[span, 1]:
                other = postings.texts[start]
                start += 1
                if counts[other] == 0:
                    touched[reached] = other
                    reached += 1
                elif place < resume[other]:
                    continue
                counts[other] += 1
                resume[other] = place + width
    return reached


@kernel
def walk(numbers: NDArray[np.int32], other: int, width: int, postings: Postings) -> int:
    """Count the phrases of a text in one indexed text."""
    count = 0
    place = 0
    while place < len(numbers):
        number = numbers[place]
        place += 1
        if number < 0:
            continue
        end = postings.starts[number + 1]
        held = seek(postings.texts, postings.starts[number], end, other)
        if held < end and postings.texts[held] == other:
            count += 1
            place += width - 1
    return count
