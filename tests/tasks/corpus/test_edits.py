"""Edits make the cleaned text, compose over passes, and lead back to the raw character."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import Edit
from tasks.corpus.edits import apply_edits, compose, join_neighbours, raw_offset


@st.composite
def edits_of(draw: st.DrawFn, text: str, rule: str) -> list[Edit]:
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [(start, end) for start, end in pairwise(cuts) if draw(st.booleans())]
    return [Edit(start, end, draw(st.text("XY", max_size=3)), rule) for start, end in spans]


@st.composite
def two_passes(draw: st.DrawFn) -> tuple[str, list[Edit], list[Edit]]:
    raw = draw(st.text("abcdefgh", max_size=20))
    first = draw(edits_of(raw, "first"))
    return raw, first, draw(edits_of(apply_edits(raw, first), "second"))


def test_a_later_edit_that_swallows_an_earlier_one_is_cut_around_it() -> None:
    first = [Edit(2, 4, "-", "first")]
    second = [Edit(1, 4, "+", "second")]
    assert apply_edits("abcdef", first) == "ab-ef"
    assert compose(first, second) == [
        Edit(1, 2, "+", "second"),
        Edit(2, 4, "", "first"),
        Edit(4, 5, "", "second"),
    ]


@given(two_passes())
def test_composed_edits_make_what_the_passes_made(case: tuple[str, list[Edit], list[Edit]]) -> None:
    raw, first, second = case
    composed = compose(first, second)
    assert apply_edits(raw, composed) == apply_edits(apply_edits(raw, first), second)
    assert all(0 <= edit.start < edit.end <= len(raw) for edit in composed)
    assert all(left.end <= right.start for left, right in pairwise(composed))


@given(two_passes())
def test_every_raw_character_stays_with_the_first_rule_that_took_it(
    case: tuple[str, list[Edit], list[Edit]],
) -> None:
    _, first, second = case
    taken = [(edit.start, edit.end) for edit in compose(first, second) if edit.rule == "first"]
    assert taken == [(edit.start, edit.end) for edit in first]


@given(two_passes())
def test_joining_neighbours_changes_no_text(case: tuple[str, list[Edit], list[Edit]]) -> None:
    raw, first, second = case
    composed = compose(first, second)
    joined = join_neighbours(composed)
    assert apply_edits(raw, joined) == apply_edits(raw, composed)
    assert all(left.end < right.start or left.rule != right.rule for left, right in pairwise(joined))


@given(two_passes())
def test_offsets_lead_back_in_order_and_kept_characters_to_themselves(
    case: tuple[str, list[Edit], list[Edit]],
) -> None:
    raw, first, second = case
    edits = compose(first, second)
    clean = apply_edits(raw, edits)
    offsets = [raw_offset(edits, place) for place in range(len(clean) + 1)]
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(raw) or (edits and edits[-1].end == len(raw))
    edited = {place for edit in edits for place in range(edit.start, edit.end)}
    kept = [place for place in range(len(raw)) if place not in edited]
    led_back = [offset for offset in offsets[:-1] if offset not in edited]
    assert led_back == kept
    assert all(
        raw[offset] == clean[place] for place, offset in enumerate(offsets[:-1]) if offset not in edited
    )
