"""What is known to hold texts apart: named slots of a template, and the values that texts have in them.

Indexed texts are put in an order in which those with one value of one slot are neighbours, so a probing text with
another value steps over all of them at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import kernel, seek
from tasks.similarity.shingles import join_offsets, take_rows

POPULAR = 32
"""A text is grouped by a slot only where that holds it apart from so many others; below, it is cheaper to compare."""


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of texts; those of text i are at `offsets[i]:offsets[i + 1]`, keys ascending and unique in a text."""

    offsets: NDArray[np.int64]
    keys: NDArray[np.uint64]
    values: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: NDArray[np.integer]) -> "Slots":
        """The slots of some texts, in the order of `rows`."""
        offsets, keys = take_rows(self.offsets, self.keys, rows)
        return Slots(offsets, keys, take_rows(self.offsets, self.values, rows)[1])

    @classmethod
    def join(cls, parts: Sequence["Slots"]) -> "Slots":
        """The slots of the texts of all parts, one behind the other."""
        return cls(
            join_offsets([part.offsets for part in parts]),
            np.concatenate([part.keys for part in parts]),
            np.concatenate([part.values for part in parts]),
        )


LAST = np.uint64(2**64 - 1)


class Groups(NamedTuple):
    """Runs of neighbours: texts `starts[i]` to `starts[i + 1]` have `values[i]` in slot `keys[i]`.

    Ascending by key, then by value. Texts from `starts[-1]` on are in no group. (A named tuple is what numba accepts.)
    """

    keys: NDArray[np.uint64]
    values: NDArray[np.uint64]
    starts: NDArray[np.int64]


def fill_slots(slots: Slots | None, texts: int) -> Slots:
    """The given slots, or those of texts that have none.

    Raises:
        ValueError: the slots are of another number of texts.
    """
    if slots is None:
        none = np.zeros(0, np.uint64)
        return Slots(np.zeros(texts + 1, np.int64), none, none)
    if len(slots) != texts:
        raise ValueError(f"found slots of {len(slots)} texts, wanted those of {texts}")
    return slots


def group(slots: Slots, sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], Groups]:
    """Order texts so that those of a group are neighbours, and behind them those of no group by size.

    A text's group is that of the slot which holds it apart from the most other texts, if these are `POPULAR` or more.

    Returns:
        The row of each text in the new order, and the groups.
    """
    texts = np.repeat(np.arange(len(slots)), np.diff(slots.offsets))
    kinds, kind = _number(slots.keys, slots.values)
    _, key = _number(slots.keys)
    apart = np.bincount(key)[key] - np.bincount(kind)[kind]
    best = np.lexsort((slots.keys, -apart, texts))
    best = best[np.unique(texts[best], return_index=True)[1]]
    best = best[apart[best] >= POPULAR]
    home = np.full(len(slots), len(kinds), np.int64)
    home[texts[best]] = kind[best]
    used, counts = np.unique(home[home < len(kinds)], return_counts=True)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    some = kinds[used]
    return np.lexsort((sizes, home)), Groups(slots.keys[some], slots.values[some], starts)


def _number(*columns: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the distinct rows of columns in ascending order: a place of each, and the number of every row."""
    order = np.lexsort(columns[::-1])
    new = np.zeros(len(order), bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[order][1:] != column[order][:-1]
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(new) - 1
    return order[new], numbers


@kernel
def open_ranges(
    keys: NDArray[np.uint64],
    values: NDArray[np.uint64],
    groups: Groups,
    sizes: NDArray[np.integer],
    least: int,
) -> NDArray[np.int64]:
    """`[ranges, 2]` ascending first and end numbers of those indexed texts that no group holds apart from one text.

    The last range is of texts in no group, without those smaller than `least`.

    Args:
        keys: the slots of the one text, ascending.
        values: what it has in them.
        groups: those of the index.
        sizes: those of the indexed texts.
        least: the least size to look for.
    """
    ranges = np.empty((2 * len(keys) + 2, 2), np.int64)
    count = 0
    start = 0
    first = 0
    for slot in range(len(keys)):
        first = seek(groups.keys, first, len(groups.keys), keys[slot])
        if first == len(groups.keys) or groups.keys[first] != keys[slot]:
            continue
        end = len(groups.keys)
        if keys[slot] != LAST:
            end = seek(groups.keys, first, end, keys[slot] + np.uint64(1))
        ranges[count] = start, groups.starts[first]
        count += 1
        own = seek(groups.values, first, end, values[slot])
        if own < end and groups.values[own] == values[slot]:
            ranges[count] = groups.starts[own], groups.starts[own + 1]
            count += 1
        start = groups.starts[end]
        first = end
    alone = groups.starts[-1]
    ranges[count] = start, alone
    ranges[count + 1] = seek(sizes, alone, len(sizes), least), len(sizes)
    return ranges[: count + 2]


@kernel
def are_held_apart(
    keys: NDArray[np.uint64],
    values: NDArray[np.uint64],
    other_keys: NDArray[np.uint64],
    other_values: NDArray[np.uint64],
) -> bool:
    """Whether two texts have different values in some slot."""
    other = 0
    for slot in range(len(keys)):
        other = seek(other_keys, other, len(other_keys), keys[slot])
        if other == len(other_keys):
            return False
        if other_keys[other] == keys[slot] and other_values[other] != values[slot]:
            return True
    return False
