"""The compiled loops of the set join: count shared prefix tokens, drop what cannot match, compare the rest."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import MILLION, doubled, kernel, seek
from tasks.similarity.postings import Postings, look_up
from tasks.similarity.slots import Groups, are_held_apart, open_ranges


class Block(NamedTuple):
    """Texts as the loops read them: their token sets, the length of their prefixes and their slots."""

    offsets: NDArray[np.int64]
    tokens: NDArray[np.uint64]
    prefixes: NDArray[np.int32]
    slot_offsets: NDArray[np.int64]
    keys: NDArray[np.uint64]
    values: NDArray[np.uint64]


@kernel
def least_overlap(small: int, large: int, jaccard: int, containment: int) -> int:
    """The tokens that sets of two sizes must share to be alike by millionths of Jaccard or of containment."""
    by_jaccard = -(-jaccard * (small + large) // (MILLION + jaccard))
    by_containment = -(-containment * small // MILLION)
    return min(by_jaccard, by_containment)


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


@kernel
def scan_blocks(
    probing: Block,
    front: NDArray[np.bool_],
    indexed: Block,
    postings: Postings,
    smallest: NDArray[np.int32],
    groups: Groups,
    jaccard: int,
    containment: int,
    once: bool,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Every matching pair: numbers in the probing and in the indexed block, and the overlap; ascending by the first.

    Args:
        probing: the texts to find matches of.
        front: of each of their tokens, whether it is in its text's prefix.
        indexed: the texts to find.
        postings: those of the indexed texts, prefixes in front.
        smallest: `smallest_in_front` of these.
        groups: those of the indexed texts.
        jaccard: the threshold in millionths.
        containment: the threshold in millionths.
        once: both blocks are the same texts in the same order; each pair is then found once, where it is x > y.
    """
    numbers = look_up(postings, probing.tokens)
    texts = len(indexed.offsets) - 1
    sizes = np.diff(indexed.offsets).astype(np.int32)
    ours, theirs = _least_hits(probing, jaccard, containment), _least_hits(indexed, jaccard, containment)
    counts = np.zeros(texts, np.int32)
    touched = np.empty(texts, np.int32)
    x, y, overlap = np.empty(16, np.int32), np.empty(16, np.int32), np.empty(16, np.int32)
    found = 0
    for text in range(len(probing.offsets) - 1):
        last = text if once else texts
        reached = _count_hits(
            text, last, probing, numbers, front, sizes, smallest, postings, groups, counts, touched
        )
        for other in touched[:reached]:
            hits = counts[other]
            counts[other] = 0
            size = probing.offsets[text + 1] - probing.offsets[text]
            if hits < (theirs[other] if sizes[other] <= size else ours[text]):
                continue
            common = _compare(text, other, hits, probing, indexed, jaccard, containment)
            if common == 0:
                continue
            if found == len(x):
                x, y, overlap = doubled(x), doubled(y), doubled(overlap)
            x[found], y[found], overlap[found] = text, other, common
            found += 1
    return x[:found], y[:found], overlap[:found]


@kernel
def smallest_in_front(postings: Postings, sizes: NDArray[np.int64]) -> NDArray[np.int32]:
    """Of each token, the size of the smallest text that has it in its prefix."""
    smallest = np.full(len(postings.middles), np.iinfo(np.int32).max, np.int32)
    for number, middle in enumerate(postings.middles):
        for text in postings.texts[postings.starts[number] : middle]:
            smallest[number] = min(smallest[number], sizes[text])
    return smallest


@kernel
def _least_hits(texts: Block, jaccard: int, containment: int) -> NDArray[np.int32]:
    """How many tokens of the prefix of each text any one that is as large or larger must share to be alike."""
    least = np.empty(len(texts.prefixes), np.int32)
    for text in range(len(least)):
        size = texts.offsets[text + 1] - texts.offsets[text]
        least[text] = least_overlap(size, size, jaccard, containment) - (size - texts.prefixes[text])
    return least


@kernel
def _count_hits(
    text: int,
    last: int,
    probing: Block,
    numbers: NDArray[np.int32],
    front: NDArray[np.bool_],
    sizes: NDArray[np.int32],
    smallest: NDArray[np.int32],
    postings: Postings,
    groups: Groups,
    counts: NDArray[np.int32],
    touched: NDArray[np.int32],
) -> int:
    """Count for each indexed text how many tokens of the smaller one's prefix are shared; fill and size `touched`.

    The indexed text is the smaller one where sizes are equal.

    Args:
        text: the number of the probing text.
        last: indexed texts from here on are left out.
        probing: the texts to find matches of.
        numbers: of each of their tokens, its number in the postings.
        front: of each of their tokens, whether it is in its text's prefix.
        sizes: those of the indexed texts.
        smallest: `smallest_in_front` of the postings: for what is larger than the probing text only its prefix counts.
        postings: those of the indexed texts.
        groups: those of the indexed texts.
        counts: zeros, to be filled.
        touched: to be filled.
    """
    size = probing.offsets[text + 1] - probing.offsets[text]
    slots = slice(probing.slot_offsets[text], probing.slot_offsets[text + 1])
    ranges = open_ranges(probing.keys[slots], probing.values[slots], groups, len(counts))
    reached = 0
    for place in range(probing.offsets[text], probing.offsets[text + 1]):
        number = numbers[place]
        if number < 0 or (not front[place] and size < smallest[number]):
            continue
        middle = postings.middles[number]
        lists = (postings.starts[number], middle, postings.starts[number + 1])
        for rest in range(1 + front[place]):
            start, end = lists[rest], lists[rest + 1]
            for span in range(len(ranges)):
                start = seek(postings.texts, start, end, ranges[span, 0])
                stop = min(ranges[span, 1], last)
                while start < end and postings.texts[start] < stop:
                    other = postings.texts[start]
                    start += 1
                    smaller = sizes[other] <= size
                    # The front of a text counts where that text is the smaller one, all of it where it is not.
                    if (smaller and rest) or (not smaller and not front[place]):
                        continue
                    if counts[other] == 0:
                        touched[reached] = other
                        reached += 1
                    counts[other] += 1
    return reached


@kernel
def _compare(
    text: int, other: int, hits: int, probing: Block, indexed: Block, jaccard: int, containment: int
) -> int:
    """The overlap of two texts that share `hits` prefix tokens, or 0 if they are not alike or are held apart."""
    left = probing.tokens[probing.offsets[text] : probing.offsets[text + 1]]
    right = indexed.tokens[indexed.offsets[other] : indexed.offsets[other + 1]]
    if len(right) <= len(left):
        need = least_overlap(len(right), len(left), jaccard, containment)
        beyond = len(right) - indexed.prefixes[other]
    else:
        need = least_overlap(len(left), len(right), jaccard, containment)
        beyond = len(left) - probing.prefixes[text]
    if hits < need - beyond:
        return 0
    if are_held_apart(
        probing.keys[probing.slot_offsets[text] : probing.slot_offsets[text + 1]],
        probing.values[probing.slot_offsets[text] : probing.slot_offsets[text + 1]],
        indexed.keys[indexed.slot_offsets[other] : indexed.slot_offsets[other + 1]],
        indexed.values[indexed.slot_offsets[other] : indexed.slot_offsets[other + 1]],
    ):
        return 0
    return shared_or_none(left, right, need)
