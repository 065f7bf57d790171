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

from tasks.similarity.compiled import MILLION, doubled, kernel
from tasks.similarity.postings import Postings, build_postings, look_up
from tasks.similarity.shingles import CodePoints, Shingles, windows
from tasks.similarity.slots import Groups, Slots, are_held_apart, fill_slots, group, open_ranges
from tasks.similarity.walks import rarer, walk, walk_all

FEW = 16
"""Up to so many indexed texts that may cover a text are walked through one by one."""
LONGEST = np.iinfo(np.int64).max


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
    lengths: NDArray[np.int64]

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
    indexed_lengths: NDArray[np.int64]
    indexed_slot_offsets: NDArray[np.int64]
    indexed_keys: NDArray[np.uint64]
    indexed_values: NDArray[np.uint64]


def build_phrase_index(
    parts: list[Shingles], slots: Slots | None = None, lengths: NDArray[np.int64] | None = None
) -> PhraseIndex:
    """Index texts, given as their sets of phrases, for `probe_phrases`.

    Args:
        parts: `shingle(texts, width)` of texts in which the caller masked what phrases shall not tell apart, part by
            part; taken from the list, for which memory has no room beside the index.
        slots: what holds texts apart; none by default.
        lengths: characters of these texts, where a text shall be covered only by those that are not shorter.

    Raises:
        ValueError: the slots are of another number of texts.
    """
    texts = sum(map(len, parts))
    slots = fill_slots(slots, texts)
    lengths = np.full(texts, LONGEST) if lengths is None else lengths
    rows, groups = group(slots, lengths)
    postings = build_postings(Shingles.gather(parts, rows))
    return PhraseIndex(slots.take(rows), postings, groups, rows, lengths[rows])


def probe_phrases(
    index: PhraseIndex,
    texts: CodePoints,
    thresholds: PhraseThresholds = PhraseThresholds(),
    slots: Slots | None = None,
    rows: NDArray[np.integer] | None = None,
) -> PhraseMatches:
    """Every pair of a text and an indexed text that covers it, and is not shorter where the index knows lengths.

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
        index.lengths,
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
        ranges = open_ranges(sides.keys[slots], sides.values[slots], groups, sides.indexed_lengths, length)
        rare, others = rarer(own, width, postings.starts, 3 * need // 4)
        reached = walk_all(rare, width, postings, ranges, counts, resume, touched)
        candidates = 0
        for other in touched[:reached]:
            if counts[other] + others >= need and sides.indexed_lengths[other] >= length:
                touched[candidates] = other
                candidates += 1
            counts[other] = 0
        if candidates > FEW:
            candidates = walk_all(own, width, postings, ranges, counts, resume, touched)
        for other in touched[:candidates]:
            phrases = counts[other] if candidates > FEW else walk(own, other, width, postings)
            counts[other] = 0
            shorter = sides.indexed_lengths[other] < length
            if phrases < need or shorter or _held_apart(sides, text, other):
                continue
            if found == len(x):
                x, y, count = doubled(x), doubled(y), doubled(count)
            x[found], y[found], count[found] = text, other, phrases
            found += 1
    return x[:found], y[:found], count[:found]


@kernel
def _held_apart(sides: Sides, text: int, other: int) -> bool:
    mine = slice(sides.slot_offsets[text], sides.slot_offsets[text + 1])
    others = slice(sides.indexed_slot_offsets[other], sides.indexed_slot_offsets[other + 1])
    return are_held_apart(
        sides.keys[mine], sides.values[mine], sides.indexed_keys[others], sides.indexed_values[others]
    )
