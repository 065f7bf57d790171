"""Where two texts differ: one shortest edit script for ordinary texts, anchored pieces of it for long or unequal ones.

Anchors are runs of characters that both texts hold exactly once. Between two anchors the texts are aligned exactly
where that is affordable, and else count as rewritten, so memory and time stay bounded whatever the texts.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from tasks.text.chains import held_once, longest_rising

AFFORDABLE = 4_000_000
"""Cells of an alignment: two texts of 2,000 characters take about a millisecond."""
UNEQUAL = 2
"""From this ratio of lengths on, a shorter text could be scattered over a longer one, so it is anchored."""
ANCHOR = 12
MARGIN = 32
"""How much further than the shorter side the longer one is read before the first anchor and after the last."""


class Difference(NamedTuple):
    """Characters `left:left_end` of one text stand where `right:right_end` stand in the other; one may be empty."""

    left: int
    left_end: int
    right: int
    right_end: int


def differences(left: str, right: str) -> list[Difference]:
    """What differs between two texts, in order; what stands between two differences is equal and not empty."""
    joined: list[Difference] = []
    for found in _found(left, right):
        if joined and found.left == joined[-1].left_end and found.right == joined[-1].right_end:
            found = Difference(joined[-1].left, found.left_end, joined.pop().right, found.right_end)
        joined.append(found)
    return joined


def _found(left: str, right: str) -> Iterator[Difference]:
    shorter, longer = sorted((len(left), len(right)))
    if shorter * longer <= AFFORDABLE and longer <= UNEQUAL * shorter:
        yield from _align(left, right, Difference(0, len(left), 0, len(right)))
        return
    if left in right or right in left:
        yield from _around(left, right)
        return
    anchors = _anchors(left, right)
    if not anchors:
        yield Difference(0, len(left), 0, len(right))
        return
    yield from _before(left, right, *anchors[0])
    for (x, y), (next_x, next_y) in pairwise(anchors):
        if next_x - x != next_y - y or next_x - x > ANCHOR:
            yield from _between(left, right, x + ANCHOR, next_x, y + ANCHOR, next_y)
    yield from _after(left, right, anchors[-1][0] + ANCHOR, anchors[-1][1] + ANCHOR)


def _around(left: str, right: str) -> Iterator[Difference]:
    """What stands before and after the shorter text where it first stands in the longer one."""
    x, y = max(0, left.find(right)), max(0, right.find(left))
    ends = len(left) - x, len(right) - y
    same = min(ends)
    if x or y:
        yield Difference(0, x, 0, y)
    if ends[0] != ends[1]:
        yield Difference(x + same, len(left), y + same, len(right))


def _align(left: str, right: str, window: Difference) -> Iterator[Difference]:
    x, x_end, y, y_end = window
    if (x_end - x) * (y_end - y) > AFFORDABLE:
        yield window
        return
    for operation in Levenshtein.opcodes(left[x:x_end], right[y:y_end]):
        if operation.tag != "equal":
            yield Difference(
                x + operation.src_start,
                x + operation.src_end,
                y + operation.dest_start,
                y + operation.dest_end,
            )


def _between(left: str, right: str, x: int, x_end: int, y: int, y_end: int) -> Iterator[Difference]:
    """Anchors that overlap in one text but not in the other leave less than nothing between them: a repetition."""
    overlap = max(0, x - x_end, y - y_end)
    yield from _align(left, right, Difference(x - overlap, x_end, y - overlap, y_end))


def _before(left: str, right: str, x: int, y: int) -> Iterator[Difference]:
    reach = min(x, y) + MARGIN
    near_x, near_y = max(0, x - reach), max(0, y - reach)
    if near_x or near_y:
        yield Difference(0, near_x, 0, near_y)
    yield from _align(left, right, Difference(near_x, x, near_y, y))


def _after(left: str, right: str, x: int, y: int) -> Iterator[Difference]:
    reach = min(len(left) - x, len(right) - y) + MARGIN
    near_x, near_y = min(len(left), x + reach), min(len(right), y + reach)
    yield from _align(left, right, Difference(x, near_x, y, near_y))
    if near_x < len(left) or near_y < len(right):
        yield Difference(near_x, len(left), near_y, len(right))


def _anchors(left: str, right: str) -> list[tuple[int, int]]:
    """Places of runs that each text holds once, rising in both texts: a longest such chain."""
    in_right = _unique_runs(right)
    shared = [(x, in_right[run]) for run, x in _unique_runs(left).items() if run in in_right]
    return [shared[index] for index in longest_rising([y for _, y in shared])]


def _unique_runs(text: str) -> dict[str, int]:
    """The runs that stand once, with their places, in order."""
    return held_once((text[place : place + ANCHOR], place) for place in range(len(text) - ANCHOR + 1))
