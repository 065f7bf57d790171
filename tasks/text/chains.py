"""What two texts hold in the same order: marks that stand once in each, and the longest chain of them."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence


def held_once(marks: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The marks that come once, with their places, in order."""
    places: dict[str, int] = {}
    again: set[str] = set()
    for mark, place in marks:
        if mark in places:
            again.add(mark)
        places[mark] = place
    return {mark: place for mark, place in places.items() if mark not in again}


def longest_rising(places: Sequence[int]) -> list[int]:
    """The indices of a longest chain of places, in order, of which each is greater than the one before.

    Time is n log n for n places.
    """
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, place in enumerate(places):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1], last[length : length + 1] = [place], [index]
    chain: list[int] = []
    index = last[-1] if last else -1
    while index >= 0:
        chain.append(index)
        index = before[index]
    return chain[::-1]
