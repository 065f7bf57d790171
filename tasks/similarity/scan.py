"""The compiled loops of the set join: count shared prefix tokens, drop what cannot match, compare the rest."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import MILLION, doubled, kernel, seek
from tasks.similarity.overlap import LARGEST, MORE, least_overlap, shared_or_none
from tasks.similarity.postings import Postings, look_up
from tasks.similarity.sketch import least_missing
from tasks.similarity.slots import Groups, are_held_apart, open_ranges


class Block(NamedTuple):
    """Texts as the loops read them: their token sets with sketches, the length of their prefixes and their slots."""

    offsets: NDArray[np.int64]
    tokens: NDArray[np.uint64]
    sketches: NDArray[np.uint64]
    prefixes: NDArray[np.int32]
    slot_offsets: NDArray[np.int64]
    keys: NDArray[np.uint64]
    values: NDArray[np.uint64]


@kernel
def scan_blocks(
    probing: Block,
    reach: NDArray[np.int32],
    indexed: Block,
    postings: Postings,
    smallest: NDArray[np.int32],
    groups: Groups,
    jaccard: int,
    containment: int,
    one_way: bool,
    once: bool,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Every matching pair: numbers in the probing and in the indexed block, and the overlap; ascending by the first.

    Args:
        probing: the texts to find matches of.
        reach: of each of their tokens, `largest_partner`.
        indexed: the texts to find; those of no group are in order of size.
        postings: those of the indexed texts, prefixes in front.
        smallest: `smallest_in_front` of these.
        groups: those of the indexed texts.
        jaccard: the threshold in millionths.
        containment: the threshold in millionths.
        one_way: containment of an indexed text in a probing one does not count.
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
        size = probing.offsets[text + 1] - probing.offsets[text]
        last = text if once else texts
        least = -(-min(jaccard, containment) * size // MILLION) if one_way else 0
        ranges = _ranges(text, last, least, probing, sizes, groups)
        reached = _count_hits(
            text, probing, numbers, reach, sizes, smallest, postings, ranges, counts, touched
        )
        for other in touched[:reached]:
            hits = counts[other]
            counts[other] = 0
            if sizes[other] < least or hits < (theirs[other] if sizes[other] <= size else ours[text]):
                continue
            common = _compare(text, other, hits, probing, indexed, jaccard, containment, one_way)
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
    smallest = np.full(len(postings.middles), LARGEST, np.int32)
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
def _ranges(
    text: int, last: int, least: int, probing: Block, sizes: NDArray[np.int32], groups: Groups
) -> NDArray[np.int64]:
    """`[ranges, 3]` of indexed texts to look at: the first, the end, and from where on larger ones than the text are.

    Args:
        text: the number of the probing text.
        last: indexed texts from here on are left out.
        least: the least size to look for.
        probing: the texts to find matches of.
        sizes: those of the indexed texts.
        groups: those of the indexed texts.
    """
    slots = slice(probing.slot_offsets[text], probing.slot_offsets[text + 1])
    open_ones = open_ranges(probing.keys[slots], probing.values[slots], groups, sizes, least)
    ranges = np.empty((len(open_ones), 3), np.int64)
    ranges[:, :2] = open_ones
    ranges[:, 2] = open_ones[:, 0]
    # Only texts of no group are in order of size.
    size = probing.offsets[text + 1] - probing.offsets[text]
    ranges[-1, 1] = last
    ranges[-1, 2] = seek(sizes, ranges[-1, 0], len(sizes), size + 1)
    return ranges


@kernel
def _count_hits(
    text: int,
    probing: Block,
    numbers: NDArray[np.int32],
    reach: NDArray[np.int32],
    sizes: NDArray[np.int32],
    smallest: NDArray[np.int32],
    postings: Postings,
    ranges: NDArray[np.int64],
    counts: NDArray[np.int32],
    touched: NDArray[np.int32],
) -> int:
    """Count for each indexed text how many tokens of the smaller one's prefix are shared; fill and size `touched`.

    The indexed text is the smaller one where sizes are equal.

    Args:
        text: the number of the probing text.
        probing: the texts to find matches of.
        numbers: of each of their tokens, its number in the postings.
        reach: of each of their tokens, the size of the largest text to look for by it.
        sizes: those of the indexed texts.
        smallest: `smallest_in_front` of the postings: for what is larger than the probing text only its prefix counts.
        postings: those of the indexed texts.
        ranges: the indexed texts to look at.
        counts: zeros, to be filled.
        touched: to be filled.
    """
    size = probing.offsets[text + 1] - probing.offsets[text]
    final = len(ranges) - 1
    own = slice(probing.offsets[text], probing.offsets[text + 1])
    lists, reaches = _lists(numbers[own], reach[own], size, smallest, postings)
    reached = 0
    for place, largest in enumerate(reaches):
        for rest in range(1 + (largest > 0)):
            start, end = lists[place, rest], lists[place, rest + 1]
            if start == end:
                continue
            for span in range(len(ranges)):
                start = seek(postings.texts, start, end, ranges[span, 2 if rest else 0])
                while start < end and postings.texts[start] < ranges[span, 1]:
                    other = postings.texts[start]
                    start += 1
                    # The front of a text counts where that text is the smaller one, all of it where it is not.
                    if sizes[other] <= size:
                        if rest:
                            continue
                    elif sizes[other] > largest:
                        if span == final:
                            break
                        continue
                    if counts[other] == 0:
                        touched[reached] = other
                        reached += 1
                    counts[other] += 1
    return reached


@kernel
def _lists(
    numbers: NDArray[np.int32],
    reach: NDArray[np.int32],
    size: int,
    smallest: NDArray[np.int32],
    postings: Postings,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where the lists of each token of a text start, are parted and end, with the first text of them; and its reach.

    Tokens that lead nowhere are left out. Places in memory that are read in loops of their own are waited for many at
    once: this is why the first texts are read here.
    """
    lists, reaches = np.empty((len(numbers), 4), np.int32), np.empty(len(numbers), np.int32)
    count = 0
    for number, largest in zip(numbers, reach):  # noqa: B905 numba knows no `strict`
        if number < 0:
            continue
        lists[count, 0] = postings.starts[number]
        lists[count, 1] = postings.middles[number]
        lists[count, 2] = postings.starts[number + 1]
        reaches[count] = largest
        count += largest > 0 or size >= smallest[number]
    for place in range(count):
        lists[place, 3] = postings.texts[lists[place, 0]]
    return lists[:count], reaches[:count]


@kernel
def _compare(
    text: int,
    other: int,
    hits: int,
    probing: Block,
    indexed: Block,
    jaccard: int,
    containment: int,
    one_way: bool,
) -> int:
    """The overlap of two texts that share `hits` prefix tokens, or 0 if they are not alike or are held apart."""
    left = probing.tokens[probing.offsets[text] : probing.offsets[text + 1]]
    right = indexed.tokens[indexed.offsets[other] : indexed.offsets[other + 1]]
    if len(right) <= len(left):
        need = least_overlap(len(right), len(left), jaccard, containment, one_way)
        least = need - (len(right) - indexed.prefixes[other])
    else:
        need = least_overlap(len(left), len(right), jaccard, containment)
        least = min(need, 1 + MORE)
    if hits < least:
        return 0
    if len(left) - least_missing(probing.sketches[text], indexed.sketches[other]) < need:
        return 0
    if are_held_apart(
        probing.keys[probing.slot_offsets[text] : probing.slot_offsets[text + 1]],
        probing.values[probing.slot_offsets[text] : probing.slot_offsets[text + 1]],
        indexed.keys[indexed.slot_offsets[other] : indexed.slot_offsets[other + 1]],
        indexed.values[indexed.slot_offsets[other] : indexed.slot_offsets[other + 1]],
    ):
        return 0
    return shared_or_none(left, right, need)
