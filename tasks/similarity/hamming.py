"""Every pair of 64-bit hashes that differ in few bits.

Two hashes that differ in at most `radius` bits are equal in one of `radius + 1` blocks of bits: sorted by each block in
turn, hashes are compared only with their run of equals. Equal hashes are joined once and written out at the end.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import bits, doubled, kernel
from tasks.similarity.simhash import BITS

LARGEST = 16
"""The largest radius: blocks of fewer than 4 bits hardly tell hashes apart."""

STRIP = 512
"""Hashes compared at a time, in a loop without branches that becomes vector instructions."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of a row x of the left and a row y of the right hashes, sorted by (x, y)."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.x)


def hamming_join(left: NDArray[np.uint64], right: NDArray[np.uint64] | None, radius: int) -> Pairs:
    """Every pair of hashes that differ in at most `radius` bits; within `left`, pairs x > y, where `right` is None.

    Raises:
        ValueError: `radius` is not in 0..16.
    """
    if not 0 <= radius <= LARGEST:
        raise ValueError(f"found a radius of {radius} bits, wanted one from 0 to {LARGEST}")
    ours, our_number = np.unique(left, return_inverse=True)
    theirs, their_number = (ours, our_number) if right is None else np.unique(right, return_inverse=True)
    near: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = []
    for block, mask in enumerate(masks := _block_masks(radius + 1)):
        by_ours, by_theirs = (np.argsort(hashes & mask, kind="stable") for hashes in (ours, theirs))
        wanted, sought = (ours & mask)[by_ours], (theirs & mask)[by_theirs]
        starts, ends = np.searchsorted(sought, wanted), np.searchsorted(sought, wanted, side="right")
        x, y = _compare(ours[by_ours], theirs[by_theirs], starts, ends, masks[:block], radius)
        near.append((by_ours[x].astype(np.int32), by_theirs[y].astype(np.int32)))
    x, y = (np.concatenate(side) for side in zip(*near, strict=True))
    order = np.argsort(x, kind="stable")
    neighbours = np.searchsorted(x[order], np.arange(len(ours) + 1))
    members = np.argsort(their_number, kind="stable").astype(np.int32)
    groups = np.searchsorted(their_number[members], np.arange(len(theirs) + 1))
    return Pairs(*_write_out(our_number, neighbours, y[order], groups, members, right is None))


def _block_masks(blocks: int) -> NDArray[np.uint64]:
    """Masks that share out 64 bits among blocks as evenly as may be."""
    edges = [BITS * block // blocks for block in range(blocks + 1)]
    return np.array([(1 << end) - (1 << start) for start, end in pairwise(edges)], np.uint64)


@kernel
def _compare(
    left: NDArray[np.uint64],
    right: NDArray[np.uint64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    earlier: NDArray[np.uint64],
    radius: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Places x and y of close hashes, y in `starts[x]:ends[x]`, that are not equal in a block gone through earlier."""
    x, y = np.empty(16, np.int32), np.empty(16, np.int32)
    found = 0
    for one in range(len(left)):
        for start in range(starts[one], ends[one], STRIP):
            strip = right[start : min(start + STRIP, ends[one])]
            close = 0
            for other in strip:
                close += 1 if bits(left[one] ^ other) <= np.uint64(radius) else 0
            if close == 0:
                continue
            while found + close > len(x):
                x, y = doubled(x), doubled(y)
            for place, other in enumerate(strip):
                differing = left[one] ^ other
                if bits(differing) <= np.uint64(radius) and np.all(differing & earlier != 0):
                    x[found], y[found] = one, start + place
                    found += 1
    return x[:found], y[:found]


@kernel
def _write_out(
    numbers: NDArray[np.int64],
    neighbours: NDArray[np.int64],
    near: NDArray[np.int32],
    groups: NDArray[np.int64],
    members: NDArray[np.int32],
    once: bool,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The rows that have the distinct hashes found, sorted; `once` leaves those with y < x.

    Args:
        numbers: the distinct hash of each row x.
        neighbours: where the distinct hashes close to one are in `near`.
        near: numbers of distinct right hashes.
        groups: where the rows of a distinct right hash are in `members`.
        members: rows y, ascending in a group.
        once: whether both sides are the same rows.
    """
    offsets = np.zeros(len(numbers) + 1, np.int64)
    for row, number in enumerate(numbers):
        count = 0
        for other in near[neighbours[number] : neighbours[number + 1]]:
            group = members[groups[other] : groups[other + 1]]
            if once:
                group = group[: np.searchsorted(group, row)]
            count += len(group)
        offsets[row + 1] = offsets[row] + count
    x, y = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int32)
    for row, number in enumerate(numbers):
        place = offsets[row]
        for other in near[neighbours[number] : neighbours[number + 1]]:
            group = members[groups[other] : groups[other + 1]]
            if once:
                group = group[: np.searchsorted(group, row)]
            y[place : place + len(group)] = group
            place += len(group)
        x[offsets[row] : place] = row
        y[offsets[row] : place].sort()
    return x, y
