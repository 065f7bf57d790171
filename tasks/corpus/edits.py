"""Cleaning as a list of edits over the raw text, and the way back from a cleaned character to the raw one.

A list of edits is sorted and without overlap, and every edit covers at least one raw character.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from datasets_registry.records import Edit


def apply_edits(raw: str, edits: Sequence[Edit]) -> str:
    """The raw text with its edits made."""
    pieces: list[str] = []
    position = 0
    for edit in edits:
        pieces += raw[position : edit.start], edit.replacement
        position = edit.end
    pieces.append(raw[position:])
    return "".join(pieces)


def raw_offset(edits: Sequence[Edit], clean_offset: int) -> int:
    """Where a character of the cleaned text stands in the raw text.

    A character that an edit put there stands where the replaced ones began.
    """
    shifts = [0, *accumulate(_growth(edit) for edit in edits)]
    starts = [edit.start + shift for edit, shift in zip(edits, shifts, strict=False)]
    index = bisect_right(starts, clean_offset) - 1
    if index >= 0 and clean_offset < starts[index] + len(edits[index].replacement):
        return edits[index].start
    return clean_offset - shifts[index + 1]


def compose(first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """One list of edits over the raw text for two passes, of which the second ran on what the first had made.

    Every raw character stays with the rule that took it: a later edit that swallows an earlier one is cut in pieces
    around it, and the first character that it touches carries its replacement.
    """
    composed: list[Edit] = []
    at = shift = position = 0
    for edit in first:
        at = _add_kept(composed, second, at, position, edit.start, shift)
        start = edit.start + shift
        at, own = _within(second, at, start, start + len(edit.replacement))
        composed.append(Edit(edit.start, edit.end, apply_edits(edit.replacement, own), edit.rule))
        shift += _growth(edit)
        position = edit.end
    last = max(position, second[-1].end - shift) if second else position
    _add_kept(composed, second, at, position, last, shift)
    return composed


def join_neighbours(edits: Sequence[Edit]) -> list[Edit]:
    """The same edits with those that touch and have one rule made one."""
    joined: list[Edit] = []
    for edit in edits:
        if joined and joined[-1].end == edit.start and joined[-1].rule == edit.rule:
            before = joined.pop()
            edit = Edit(before.start, edit.end, before.replacement + edit.replacement, edit.rule)
        joined.append(edit)
    return joined


def _add_kept(composed: list[Edit], second: Sequence[Edit], at: int, start: int, end: int, shift: int) -> int:
    """Add what the second pass did to the raw characters `start:end`, which the first had only moved by `shift`."""
    at, own = _within(second, at, start + shift, end + shift)
    composed += (Edit(edit.start + start, edit.end + start, edit.replacement, edit.rule) for edit in own)
    return at


def _within(edits: Sequence[Edit], at: int, start: int, end: int) -> tuple[int, list[Edit]]:
    """The parts of `edits[at:]` inside `start:end`, counted from `start`, and which edit to look at next."""
    own: list[Edit] = []
    while at < len(edits) and edits[at].start < end:
        edit = edits[at]
        first, last = max(edit.start, start), min(edit.end, end)
        if first < last:
            replacement = edit.replacement if first == edit.start else ""
            own.append(Edit(first - start, last - start, replacement, edit.rule))
        if edit.end > end:
            break
        at += 1
    return at, own


def _growth(edit: Edit) -> int:
    return len(edit.replacement) - (edit.end - edit.start)
