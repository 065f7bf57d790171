"""Texts held apart by a slot are never joined, and those that are held apart in numbers are stepped over."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.similarity.frequency import document_frequency
from tasks.similarity.join import Matches, Thresholds, build_index, probe
from tasks.similarity.shingles import Shingles, shingle
from tasks.similarity.slots import POPULAR, Slots, group, open_ranges

LAST = 2**64 - 1
TEMPLATES = ["关于召开股东大会的通知公告如下", "本公司董事会决议公告全文如下", "关于召开业绩说明会的公告如下"]


def slots_of(rows: list[dict[int, int]]) -> Slots:
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    items = [item for row in rows for item in sorted(row.items())]
    keys, values = (np.array([item[side] for item in items], np.uint64) for side in (0, 1))
    return Slots(offsets, keys, values)


def pairs(matches: Matches) -> list[tuple[int, int]]:
    return list(zip(matches.x.tolist(), matches.y.tolist(), strict=True))


def held_apart(left: dict[int, int], right: dict[int, int]) -> bool:
    return any(right.get(key, value) != value for key, value in left.items())


def family(draw: np.random.Generator, texts: int) -> tuple[Shingles, list[dict[int, int]]]:
    """Texts of few templates with small changes, and slots of few keys, some popular, some not."""
    made = [TEMPLATES[draw.integers(3)] + "".join(draw.choice(list("abc"), 8)) for _ in range(texts)]
    keys = [0, 7, LAST, 8, 9]
    slots = [
        {
            keys[draw.choice(5, p=[0.4, 0.3, 0.2, 0.05, 0.05])]: int(draw.integers(4))
            for _ in range(draw.integers(4))
        }
        for _ in range(texts)
    ]
    return shingle(made, 3), slots


@given(st.integers(0, 2**32), st.sampled_from([5, 40, 200]), st.sampled_from([5, 200]))
@settings(deadline=None, max_examples=40)
def test_the_result_is_that_without_slots_less_the_pairs_held_apart(
    seed: int, probing: int, indexed: int
) -> None:
    draw = np.random.default_rng(seed)
    (a, a_slots), (b, b_slots) = family(draw, probing), family(draw, indexed)
    frequency = document_frequency(a) + document_frequency(b)
    free = probe(build_index([b], frequency), a)
    kept = [(x, y) for x, y in pairs(free) if not held_apart(a_slots[x], b_slots[y])]
    index = build_index([b], frequency, Thresholds(), slots_of(b_slots))
    assert pairs(probe(index, a, slots_of(a_slots))) == kept
    assert probing < 40 or len(free) > len(kept) > 0
    some = np.arange(0, probing, 3)
    assert pairs(probe(index, a, slots_of(a_slots), some)) == [(x, y) for x, y in kept if x % 3 == 0]


def test_a_family_of_one_template_is_stepped_over() -> None:
    size = 5000
    slots = slots_of([{1: 20261121, LAST: number} for number in range(size)] + [{1: 20261121}, {}])
    sizes = np.full(size + 2, 9)
    rows, groups = group(slots, sizes)
    assert sorted(rows.tolist()) == list(range(size + 2))
    for text in (0, size // 2, size - 1):
        keys, values = np.array([1, LAST], np.uint64), np.array([20261121, text], np.uint64)
        ranges = open_ranges(keys, values, groups, sizes, 9)
        held = [int(rows[place]) for start, end in ranges for place in range(start, end)]
        assert sorted(held) == [text, size, size + 1]
    # A text of another day has no value in common with any of them, but differs in a slot that groups no text.
    another = open_ranges(np.array([1], np.uint64), np.array([5], np.uint64), groups, sizes, 9)
    assert np.diff(another).sum() == size + 2


@pytest.mark.parametrize(("others", "grouped"), [(POPULAR, True), (POPULAR - 1, False)])
def test_only_popular_slots_make_groups(others: int, grouped: bool) -> None:
    _, groups = group(slots_of([{4: number} for number in range(others + 1)]), np.zeros(others + 1, np.int64))
    assert len(groups.keys) == (others + 1 if grouped else 0)


def test_texts_without_slots_are_in_order_of_size() -> None:
    sizes = np.array([5, 3, 5, 4])
    rows, groups = group(slots_of([{}, {}, {}, {}]), sizes)
    assert rows.tolist() == [1, 3, 0, 2]
    assert len(groups.keys) == 0
    none = np.zeros(0, np.uint64)
    for least, first in ((0, 0), (4, 1), (5, 2), (6, 4)):
        assert open_ranges(none, none, groups, sizes[rows], least).tolist() == [[0, 0], [first, 4]]
