"""Two texts side by side: a longest run that they share, what differs around it, cut to what a page can show.

Characters are compared as deduplication compares them: width, case, white space and punctuation do not count. A shared
run is found by the short runs in it, and only its surroundings are aligned, so the cost grows with the texts alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein, Prefix

from tasks.text.normalise import normalise_key

SEED = 8
"""Shorter runs, in characters that count, are not looked for."""
SHORTEST = 4
"""Shorter runs around the longest one are chance."""
STRETCH = 4
"""So are runs that stand further from the next one than so many times their own length."""
FLANK = 160
"""How far around the longest run the texts are aligned."""
KEEP = 80
"""Of a longer piece only so many characters at each end are shown."""
STEP = 64

PieceKind = Literal["shared", "differs", "beyond", "omitted"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some characters of one text.

    The other text has what is `shared` and lacks what `differs` between two shared pieces; `beyond` stands before the
    first or after the last of them. `omitted` is no part of the text: it says that something is not shown.
    """

    kind: PieceKind
    text: str


class Run(NamedTuple):
    """`size` characters that stand at `left` in one text and at `right` in the other."""

    left: int
    right: int
    size: int


@dataclass(frozen=True, slots=True)
class View:
    """A text and the characters of it that count, with where each of them stands."""

    text: str
    folded: str
    places: list[int]

    @classmethod
    def of(cls, text: str) -> "View":
        """Read a text."""
        spelled = {character: _spelling(character) for character in set(text)}
        places = [place for place, character in enumerate(text) if spelled[character]]
        return cls(text, "".join(spelled[character] for character in text), places)

    def place(self, index: int) -> int:
        """Where the character that counts as number `index` stands, or where the text ends."""
        return self.places[index] if index < len(self.places) else len(self.text)


def side_by_side(left: str, right: str) -> tuple[list[Piece], list[Piece]]:
    """The pieces of both texts around a longest run that they share; their beginnings where they share none."""
    one, other = View.of(left), View.of(right)
    longest = longest_run(one.folded, other.folded)
    if not longest.size:
        return list(_beginning(left)), list(_beginning(right))
    runs = _around(one.folded, other.folded, longest)
    return (
        list(_pieces(one, [(run.left, run.size) for run in runs], (longest.left, longest.size))),
        list(_pieces(other, [(run.right, run.size) for run in runs], (longest.right, longest.size))),
    )


def longest_run(left: str, right: str) -> Run:
    """A longest run of characters that stands in both texts, the first of several; of size 0 below `SEED`.

    Each short run of the right text is known by its first place, so of a text that repeats itself a shorter run may be
    found.
    """
    places = {right[at : at + SEED]: at for at in range(len(right) - SEED, -1, -1)}
    backward, backward_right = left[::-1], right[::-1]
    longest, at = Run(0, 0, 0), 0
    while at + SEED <= len(left):
        place = places.get(left[at : at + SEED])
        if place is None:
            at += 1
            continue
        ahead = _alike(left, at, right, place)
        behind = _alike(backward, len(left) - at, backward_right, len(right) - place)
        if ahead + behind > longest.size:
            longest = Run(at - behind, place - behind, ahead + behind)
        at += ahead
    return longest


def _alike(left: str, x: int, right: str, y: int) -> int:
    """How many characters from two places on are equal."""
    size, step = 0, STEP
    while (piece := left[x + size : x + size + step]) and piece == right[y + size : y + size + step]:
        size += len(piece)
        step *= 2
    return size + int(Prefix.similarity(left[x + size : x + size + step], right[y + size : y + size + step]))


def _around(left: str, right: str, longest: Run) -> list[Run]:
    """The longest run and those near it, in the order of both texts."""
    x, y, size = longest
    start_x, start_y = max(0, x - FLANK), max(0, y - FLANK)
    before = _aligned(left[start_x:x], right[start_y:y], start_x, start_y)
    x, y = x + size, y + size
    after = _aligned(left[x : x + FLANK], right[y : y + FLANK], x, y)
    runs = [longest]
    for run in reversed(before):
        if _gap(run, runs[0]) <= STRETCH * run.size:
            runs.insert(0, run)
    for run in after:
        if _gap(runs[-1], run) <= STRETCH * run.size:
            runs.append(run)
    return runs


def _gap(one: Run, following: Run) -> int:
    """Characters between two runs, in the text in which they are more."""
    return max(following.left - one.left, following.right - one.right) - one.size


def _aligned(left: str, right: str, x: int, y: int) -> list[Run]:
    """The runs that two short texts share, which begin at `x` and `y` of longer ones."""
    equal = (step for step in Levenshtein.opcodes(left, right) if step.tag == "equal")
    found = (Run(x + step.src_start, y + step.dest_start, step.src_end - step.src_start) for step in equal)
    return [run for run in found if run.size >= SHORTEST]


def _pieces(view: View, runs: Sequence[tuple[int, int]], longest: tuple[int, int]) -> Iterator[Piece]:
    """The text from a little before the first run to a little after the last; runs are starts and sizes."""
    first, last = view.place(runs[0][0]), view.place(sum(runs[-1]))
    start, size = longest
    aligned_from = view.place(start - FLANK) if start > FLANK else 0
    aligned_to = view.place(start + size + FLANK)
    opening, closing = max(first - KEEP, aligned_from), min(last + KEEP, aligned_to)
    if opening:
        yield Piece("omitted", "…")
    if opening < first:
        yield Piece("beyond", view.text[opening:first])
    for (start, size), (following, _) in pairwise([*runs, (runs[-1][0] + runs[-1][1], 0)]):
        yield from _shown("shared", view, start, start + size)
        yield from _shown("differs", view, start + size, following)
    if last < closing:
        yield Piece("beyond", view.text[last:closing])
    if closing < len(view.text):
        yield Piece("omitted", "…")


def _shown(kind: PieceKind, view: View, start: int, end: int) -> Iterator[Piece]:
    """The characters that count as numbers `start` to `end`, without the middle where they are many."""
    omitted = end - start - 2 * KEEP
    cuts = [(start, end)] if omitted <= KEEP // 2 else [(start, start + KEEP), (end - KEEP, end)]
    for number, (left, right) in enumerate(cuts):
        if number:
            words = "相同" if kind == "shared" else "不同"
            yield Piece("omitted", f" ……（{words}，略去 {omitted:,} 字）…… ")
        if text := view.text[view.place(left) : view.place(right)]:
            yield Piece(kind, text)


def _beginning(text: str) -> Iterator[Piece]:
    yield Piece("beyond", text[:FLANK])
    if len(text) > FLANK:
        yield Piece("omitted", "…")


def _spelling(character: str) -> str:
    """How a character counts, as one character or none: between digits, so that 1.5 and 15 stay unlike."""
    key = normalise_key(f"0{character}0")[1:-1]
    return key if len(key) < 2 else character
