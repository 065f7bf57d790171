"""The exact join of sets of tokens: every pair of texts alike by Jaccard, or one of which nearly contains the other.

A pair that meets the thresholds shares `need` tokens or more. So among all but the `need - 1` most frequent tokens of
its smaller text, its *prefix*, at least one is shared (Chaudhuri, Ganti and Kaushik 2006), and since what is left out
of a prefix is known, the number of shared tokens in it bounds the overlap: few pairs are compared in full, none is
missed. Frequencies decide only what is rare, so they change the time a join takes, never its result.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import MILLION, kernel
from tasks.similarity.frequency import document_frequency
from tasks.similarity.overlap import shared
from tasks.similarity.postings import Postings, build_postings
from tasks.similarity.prefixes import find_prefixes
from tasks.similarity.scan import Block, scan_blocks, smallest_in_front
from tasks.similarity.shingles import Shingles
from tasks.similarity.sketch import sketch
from tasks.similarity.slots import Groups, Slots, fill_slots, group


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A pair is alike at this Jaccard similarity, or at this share of the smaller set in the larger; both in (0, 1].

    They hold to six decimals.

    Raises:
        ValueError: a threshold is not in (0, 1].
    """

    jaccard: float = 0.4
    containment: float = 0.8

    def __post_init__(self) -> None:
        for name in ("jaccard", "containment"):
            value = getattr(self, name)
            if not 1 / MILLION <= value <= 1:
                raise ValueError(f"found a {name} threshold of {value}, wanted one above 0 and at most 1")

    @property
    def millionths(self) -> tuple[int, int]:
        """Jaccard and containment as whole millionths."""
        return round(self.jaccard * MILLION), round(self.containment * MILLION)


@dataclass(frozen=True, slots=True)
class Matches:
    """Pairs of a row of the probing and a row of the indexed texts with the tokens they share, sorted by (x, y)."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    overlap: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class SetIndex:
    """Indexed texts in an order of its own: text i is the caller's row `rows[i]`."""

    shingles: Shingles
    sketches: NDArray[np.uint64]
    slots: Slots
    prefixes: NDArray[np.int32]
    postings: Postings
    smallest: NDArray[np.int32]
    groups: Groups
    rows: NDArray[np.int64]
    frequency: NDArray[np.uint32]
    thresholds: Thresholds

    def __len__(self) -> int:
        return len(self.shingles)


def build_index(
    parts: list[Shingles],
    frequency: NDArray[np.uint32],
    thresholds: Thresholds = Thresholds(),
    slots: Slots | None = None,
) -> SetIndex:
    """Index texts for `probe`.

    Args:
        parts: the token sets of the texts, part by part; taken from the list, for which memory has no room beside them.
        frequency: `[BUCKETS]` document frequencies, best those of the whole corpus.
        thresholds: what `probe` finds.
        slots: what holds texts apart; none by default.

    Raises:
        ValueError: slots or frequencies do not fit.
    """
    sizes = np.concatenate([part.sizes for part in parts])
    slots = fill_slots(slots, len(sizes))
    rows, groups = group(slots, sizes)
    shingles, slots = Shingles.gather(parts, rows), slots.take(rows)
    reach, prefixes = find_prefixes(shingles, frequency, *thresholds.millionths)
    front = reach > 0
    del reach
    postings = build_postings(shingles, front)
    smallest = smallest_in_front(postings, shingles.sizes)
    sketches = sketch(shingles.offsets, shingles.tokens)
    return SetIndex(
        shingles, sketches, slots, prefixes, postings, smallest, groups, rows, frequency, thresholds
    )


def probe(
    index: SetIndex,
    shingles: Shingles,
    slots: Slots | None = None,
    rows: NDArray[np.integer] | None = None,
    one_way: bool = False,
) -> Matches:
    """Every pair of a probing and an indexed text that meets the index's thresholds.

    A pair with different values in one slot is never among them. An empty text matches nothing, not even another.

    Args:
        index: the indexed texts.
        shingles: the token sets of the probing texts, which may be larger or smaller than those indexed.
        slots: those of the probing texts.
        rows: probe with these texts only.
        one_way: that an indexed text is contained in a probing one is not enough.

    Raises:
        ValueError: the slots are of another number of texts.
    """
    slots = fill_slots(slots, len(shingles))
    if rows is not None:
        rows = np.unique(rows)
        shingles, slots = shingles.take(rows), slots.take(rows)
    reach, prefixes = find_prefixes(shingles, index.frequency, *index.thresholds.millionths)
    jaccard, containment = index.thresholds.millionths
    x, y, overlap = scan_blocks(
        _block(shingles, sketch(shingles.offsets, shingles.tokens), prefixes, slots),
        reach,
        _block(index.shingles, index.sketches, index.prefixes, index.slots),
        index.postings,
        index.smallest,
        index.groups,
        jaccard,
        containment,
        one_way,
        False,
    )
    y = index.rows[y].astype(np.int32)
    order = np.lexsort((y, x))
    x = x if rows is None else rows[x].astype(np.int32)
    return Matches(x[order], y[order], overlap[order])


def self_join(shingles: Shingles, thresholds: Thresholds = Thresholds()) -> Matches:
    """Every pair `x > y` of one set of texts that meets the thresholds."""
    # Each text is looked up among those that are not larger, of which the prefix tells enough.
    rows = np.argsort(shingles.sizes, kind="stable")
    shingles = shingles.take(rows)
    reach, prefixes = find_prefixes(shingles, document_frequency(shingles), *thresholds.millionths)
    fronts = Shingles(np.concatenate([[0], np.cumsum(prefixes)]).astype(np.int64), shingles.tokens[reach > 0])
    slots = fill_slots(None, len(shingles))
    sketches = sketch(shingles.offsets, shingles.tokens)
    texts, postings = _block(shingles, sketches, prefixes, slots), build_postings(fronts)
    x, y, overlap = scan_blocks(
        texts,
        np.zeros_like(reach),
        texts,
        postings,
        smallest_in_front(postings, shingles.sizes),
        group(slots, shingles.sizes)[1],
        *thresholds.millionths,
        False,
        True,
    )
    x, y = rows[np.stack((x, y))].astype(np.int32)
    x, y = np.maximum(x, y), np.minimum(x, y)
    order = np.lexsort((y, x))
    return Matches(x[order], y[order], overlap[order])


def overlaps(a: Shingles, x: NDArray[np.integer], b: Shingles, y: NDArray[np.integer]) -> NDArray[np.int32]:
    """The number of tokens that text `x[i]` of `a` and text `y[i]` of `b` share, for every i."""
    return _overlaps(a.offsets, a.tokens, x.astype(np.int64), b.offsets, b.tokens, y.astype(np.int64))


def _block(
    shingles: Shingles, sketches: NDArray[np.uint64], prefixes: NDArray[np.int32], slots: Slots
) -> Block:
    return Block(
        shingles.offsets, shingles.tokens, sketches, prefixes, slots.offsets, slots.keys, slots.values
    )


@kernel
def _overlaps(
    a_offsets: NDArray[np.int64],
    a_tokens: NDArray[np.uint64],
    x: NDArray[np.int64],
    b_offsets: NDArray[np.int64],
    b_tokens: NDArray[np.uint64],
    y: NDArray[np.int64],
) -> NDArray[np.int32]:
    found = np.empty(len(x), np.int32)
    for pair in range(len(x)):
        found[pair] = shared(
            a_tokens[a_offsets[x[pair]] : a_offsets[x[pair] + 1]],
            b_tokens[b_offsets[y[pair]] : b_offsets[y[pair] + 1]],
        )
    return found
