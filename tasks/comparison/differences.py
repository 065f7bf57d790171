"""Where two texts differ, in characters, at a cost that is bounded however long they are.

Sentences that stand once in both texts hold them together; only what lies between is compared character by character,
and where that is too much as well, it differs as a whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz.distance import LCSseq, Postfix, Prefix

from tasks.text.chains import held_once, longest_rising

UNIT = re.compile(r"[^\s。！？!?；;|｜]+[。！？!?；;]*")
"""A sentence, a line, or an entry of a menu."""
ANCHOR = 8
"""Shortest unit, in characters, that is taken for the same in both texts because it stands once in each."""
ISLAND = 3
"""Equal runs shorter than this, between characters that were replaced, are chance."""
CELLS = 1 << 26
"""Most pairs of characters that are compared at once; one bit of memory each, so 8 MiB."""

Window = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """Characters `old_start:old_end` of the old text became `new_start:new_end` of the new; one may be empty."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def differences(old: str, new: str) -> list[Difference]:
    """Where two texts differ, in order, without overlap; what lies between is equal. Equal texts give none."""
    joined: list[Difference] = []
    for window in _windows(old, new):
        for found in _within(old, new, *window):
            if joined and _are_one(joined[-1], found):
                last = joined.pop()
                found = Difference(last.old_start, found.old_end, last.new_start, found.new_end)
            joined.append(found)
    return joined


def _windows(old: str, new: str) -> Iterator[Window]:
    """What lies before, between and after the anchors, as characters of both texts."""
    before, after = _units(old), _units(new)
    same = [(start, after[unit], len(unit)) for unit, start in before.items() if unit in after]
    # What was moved is left out.
    in_order = (same[index] for index in longest_rising([new_at for _, new_at, _ in same]))
    edges = [(0, 0, 0), *in_order, (len(old), len(new), 0)]
    for (old_at, new_at, size), (old_next, new_next, _) in pairwise(edges):
        yield old_at + size, old_next, new_at + size, new_next


def _units(text: str) -> dict[str, int]:
    """The units that stand once in a text and are long enough, with where they begin, in order."""
    found = ((match.group(), match.start()) for match in UNIT.finditer(text))
    return held_once((unit, start) for unit, start in found if len(unit) >= ANCHOR)


def _within(old: str, new: str, old_at: int, old_end: int, new_at: int, new_end: int) -> Iterator[Difference]:
    """The differences of two stretches, without what they begin and end with alike."""
    left, right = old[old_at:old_end], new[new_at:new_end]
    alike = Prefix.similarity(left, right)
    left, right = left[alike:], right[alike:]
    tail = Postfix.similarity(left, right)
    left, right = left[: len(left) - tail], right[: len(right) - tail]
    old_at, new_at = old_at + alike, new_at + alike
    if not (left and right) or len(left) * len(right) > CELLS:
        if left or right:
            yield Difference(old_at, old_at + len(left), new_at, new_at + len(right))
        return
    for step in LCSseq.opcodes(left, right):
        if step.tag != "equal":
            yield Difference(
                old_at + step.src_start,
                old_at + step.src_end,
                new_at + step.dest_start,
                new_at + step.dest_end,
            )


def _are_one(one: Difference, other: Difference) -> bool:
    """Whether two neighbours are one replacement; two removals stay two, or nothing would be new text for something."""
    gap = other.old_start - one.old_end
    removes = one.old_end > one.old_start or other.old_end > other.old_start
    adds = one.new_end > one.new_start or other.new_end > other.new_start
    return gap == 0 or (gap < ISLAND and removes and adds)
