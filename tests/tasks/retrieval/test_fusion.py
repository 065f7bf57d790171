"""Two rankings become one."""

from tasks.retrieval.fusion import minmax, ranked, reciprocal_ranks, weighted


def test_minmax_stretches_scores_to_zero_and_one() -> None:
    assert minmax({"a": 3.0, "b": 1.0, "c": 2.0}) == {"a": 1.0, "b": 0.0, "c": 0.5}


def test_equal_scores_all_become_one() -> None:
    assert minmax({"a": 2.0, "b": 2.0}) == {"a": 1.0, "b": 1.0}


def test_an_empty_leg_stays_empty() -> None:
    assert minmax({}) == reciprocal_ranks({}) == {}


def test_reciprocal_ranks_count_from_one_and_break_ties_by_item() -> None:
    assert reciprocal_ranks({"b": 5.0, "a": 5.0, "c": 9.0}) == {"c": 1 / 61, "a": 1 / 62, "b": 1 / 63}


def test_what_one_leg_lacks_gets_nothing_from_it() -> None:
    assert weighted({"a": 1.0}, {"a": 0.5, "b": 1.0}, 0.75) == {"a": 0.875, "b": 0.25}


def test_equal_scores_are_ranked_by_item() -> None:
    assert ranked({"b": 1.0, "c": 2.0, "a": 1.0}) == [("c", 2.0), ("a", 1.0), ("b", 1.0)]
