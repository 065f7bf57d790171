"""A chain rises and none is longer; a mark that comes again is not held once."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from tasks.text.chains import held_once, longest_rising

PLACES = st.lists(st.integers(0, 9), max_size=9)


def rises(places: list[int]) -> bool:
    return all(one < other for one, other in pairwise(places))


@given(PLACES)
def test_a_chain_rises_and_none_is_longer(places: list[int]) -> None:
    chain = longest_rising(places)
    assert rises(chain) and rises([places[index] for index in chain])
    longer = combinations(places, len(chain) + 1)
    assert not any(rises(list(other)) for other in longer)


def test_what_was_moved_is_left_out() -> None:
    assert longest_rising([70, 10, 20, 30, 0]) == [1, 2, 3]


@given(st.lists(st.sampled_from("甲乙丙丁戊己"), max_size=9))
def test_marks_that_come_once_are_held_in_order(marks: list[str]) -> None:
    once = [(mark, place) for place, mark in enumerate(marks) if marks.count(mark) == 1]
    assert list(held_once((mark, place) for place, mark in enumerate(marks)).items()) == once
