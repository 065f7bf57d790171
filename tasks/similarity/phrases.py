"""The directed join by phrases: which texts are covered by phrases of another.

A phrase is a run of `width` characters. Text x is walked from left to right: where the characters from a place on
stand anywhere in y, that is a phrase and the walk goes on behind it, else it goes on by one character.

x walks through all indexed texts at once: its places are looked up in order, and for each text that holds what stands
there, it is remembered where the walk through that text goes on. So the count of a pair is exact as it is made, and a
walk costs one step for each place of x and each text that holds it.

Most texts are covered by none, and most steps are for phrases that many texts hold. So x first walks by its rarer
phrases alone. The others can add at most as many to a count as fit into x without overlap: where the rarer ones leave
more than that to be found in every indexed text, x is done.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import MILLION, doubled, kernel, seek
from tasks.similarity.postings import Postings, build_postings, look_up
from tasks.similarity.shingles import CodePoints, Shingles, windows
from tasks.similarity.slots import Groups, Slots, are_held_apart, fill_slots, group, open_ranges


@dataclass(frozen=True, slots=True)
class PhraseThresholds:
    """A text is covered by so many phrases that are so much of it.

    Raises:
        ValueError: `overlap` or `width` is below 1, or `coverage` is not in [0, 1].
    """

    overlap: int = 5
    """The least number of phrases."""

    coverage: float = 0.5
    """The least share of the text's characters in phrases, to six decimals; 0 asks for none."""

    width: int = 8
    """Characters of a phrase, as in the shingles of the index."""

    def __post_init__(self) -> None:
        for name in ("overlap", "width"):
            if getattr(self, name) < 1:
                raise ValueError(f"found a phrase {name} of {getattr(self, name)}, wanted at least 1")
        if not 0 <= self.coverage <= 1:
            raise ValueError(f"found a phrase coverage of {self.coverage}, wanted one from 0 to 1")


@dataclass(frozen=True, slots=True)
class PhraseMatches:
    """Rows x of the probing texts covered by rows y of the indexed, in `count` phrases; sorted by (x, y)."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    count: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class PhraseIndex:
    """Indexed texts in an order of its own: text i is the caller's row `rows[i]`."""

    slots: Slots
    postings: Postings
    groups: Groups
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.slots)


class Sides(NamedTuple):
    """What the loops read of the probing and the indexed texts. (A named tuple is what numba accepts.)"""

    lengths: NDArray[np.int64]
    offsets: NDArray[np.int64]
    tokens: NDArray[np.uint64]
    slot_offsets: NDArray[np.int64]
    keys: NDArray[np.uint64]
    values: NDArray[np.uint64]
    indexed_slot_offsets: NDArray[np.int64]
    indexed_keys: NDArray[np.uint64]
    indexed_values: NDArray[np.uint64]


def build_phrase_index(shingles: Shingles, slots: Slots | None = None) -> PhraseIndex:
    """Index texts, given as their sets of phrases, for `probe_phrases`.

    Args:
        shingles: `shingle(texts, width)` of texts in which the caller has masked what phrases shall not tell apart.
        slots: what holds texts apart; none by default.

    Raises:
        ValueError: the slots are of another number of texts.
    """
    slots = fill_slots(slots, len(shingles))
    rows, groups = group(slots)
    if len(slots.keys):
        shingles, slots = shingles.take(rows), slots.take(rows)
    postings = build_postings(shingles)
    return PhraseIndex(slots, postings, groups, rows)


def probe_phrases(
    index: PhraseIndex,
    texts: CodePoints,
    thresholds: PhraseThresholds = PhraseThresholds(),
    slots: Slots | None = None,
    rows: NDArray[np.integer] | None = None,
) -> PhraseMatches:
    """Every pair of a text and an indexed text that covers it.

    A pair with different values in one slot is never among them. A text shorter than a phrase is covered by none.

    Args:
        index: the indexed texts.
        texts: the probing texts, masked like those.
        thresholds: when a text counts as covered; `width` is that of the index.
        slots: those of the probing texts.
        rows: probe with these texts only.

    Raises:
        ValueError: the slots are of another number of texts.
    """
    slots = fill_slots(slots, len(texts))
    if rows is not None:
        rows = np.unique(rows)
        texts, slots = texts.take(rows), slots.take(rows)
    offsets, tokens = windows(texts, thresholds.width)
    sides = Sides(
        np.diff(texts.offsets),
        offsets,
        tokens,
        slots.offsets,
        slots.keys,
        slots.values,
        index.slots.offsets,
        index.slots.keys,
        index.slots.values,
    )
    x, y, count = _scan(
        sides,
        index.postings,
        index.groups,
        thresholds.width,
        thresholds.overlap,
        round(thresholds.coverage * MILLION),
    )
    y = index.rows[y].astype(np.int32)
    order = np.lexsort((y, x))
    x = x if rows is None else rows[x].astype(np.int32)
    return PhraseMatches(x[order], y[order], count[order])


@kernel
def _scan(
    sides: Sides,
    postings: Postings,
    groups: Groups,
    width: int,
    overlap: int,
    coverage: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Every pair: numbers of the text and the one that covers it, and the phrases; ascending by the first.

    Args:
        sides: the texts.
        postings: those of the indexed texts.
        groups: those of the indexed texts.
        width: characters of a phrase.
        overlap: the least number of phrases.
        coverage: the least share of the text in millionths.
    """
    texts = len(sides.indexed_slot_offsets) - 1
    numbers = look_up(postings, sides.tokens)
    counts, resume = np.zeros(texts, np.int32), np.empty(texts, np.int64)
    touched = np.empty(texts, np.int32)
    x, y, count = np.empty(16, np.int32), np.empty(16, np.int32), np.empty(16, np.int32)
    found = 0
    for text in range(len(sides.offsets) - 1):
        length = sides.lengths[text]
        need = max(overlap, -(-coverage * length // (MILLION * width)))
        if need * width > length:
            continue
        own = numbers[sides.offsets[text] : sides.offsets[text + 1]]
        slots = slice(sides.slot_offsets[text], sides.slot_offsets[text + 1])
        ranges = open_ranges(sides.keys[slots], sides.values[slots], groups, texts)
        rare, others = _rarer(own, width, postings.starts, 3 * need // 4)
        reached = _walk_all(rare, width, postings, ranges, counts, resume, touched)
        most = counts[touched[:reached]].max() if reached else 0
        counts[touched[:reached]] = 0
        if most + others < need:
            continue
        reached = _walk_all(own, width, postings, ranges, counts, resume, touched)
        for other in touched[:reached]:
            phrases = counts[other]
            counts[other] = 0
            if phrases < need or _held_apart(sides, text, other):
                continue
            if found == len(x):
                x, y, count = doubled(x), doubled(y), doubled(count)
            x[found], y[found], count[found] = text, other, phrases
            found += 1
    return x[:found], y[:found], count[:found]


@kernel
def _rarer(
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
def _walk_all(
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
    reached = 0
    for place, number in enumerate(numbers):
        if number < 0:
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
def _held_apart(sides: Sides, text: int, other: int) -> bool:
    mine = slice(sides.slot_offsets[text], sides.slot_offsets[text + 1])
    others = slice(sides.indexed_slot_offsets[other], sides.indexed_slot_offsets[other + 1])
    return are_held_apart(
        sides.keys[mine], sides.values[mine], sides.indexed_keys[others], sides.indexed_values[others]
    )
