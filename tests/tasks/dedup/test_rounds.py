"""Blocks are compared in an order in which each is decided after all better-ranked ones, and only once with each."""

from hypothesis import given
from hypothesis import strategies as st

from tasks.dedup.rounds import rounds


@given(sizes=st.lists(st.integers(1, 9), max_size=40), old=st.integers(0, 40), limit=st.integers(1, 30))
def test_every_block_hears_all_better_ones_in_rank_order(sizes: list[int], old: int, limit: int) -> None:
    blocks = range(len(sizes))
    settled = list(blocks[:old])
    heard: dict[int, list[int]] = {block: [] for block in blocks[old:]}
    for better, later in rounds(blocks[:old], blocks[old:], sizes.__getitem__, limit):
        if better is later:
            assert len(later) == 1
            settled.append(later[0])
            continue
        assert set(better) <= set(settled)
        assert len(better) == 1 or sum(sizes[block] for block in better) <= limit
        for block in later:
            assert block not in settled
            heard[block] += better
    assert settled == list(blocks)
    assert heard == {block: list(range(block)) for block in heard}


def test_a_settled_block_comes_after_all_it_has_heard() -> None:
    order = list(rounds("", "abcd", lambda _: 1, 8))
    assert order == [("a", "a"), ("a", "b"), ("b", "b"), ("ab", "cd"), ("c", "c"), ("c", "d"), ("d", "d")]


def test_rounds_are_few() -> None:
    comparisons = sum(len(later) for _, later in rounds((), range(64), lambda _: 1, 64))
    assert comparisons == 64 + 32 * 6


def test_beyond_the_limit_every_block_is_compared_with_as_many_at_once_as_it_allows() -> None:
    plan = list(rounds((), range(12), lambda _: 1, 4))
    large = [(better[0], len(better), list(later)) for better, later in plan if len(better) == 4]
    assert large == [(0, 4, [4, 5, 6, 7, 8, 9, 10, 11]), (4, 4, [8, 9, 10, 11])]


def test_nothing_new_needs_no_round() -> None:
    assert list(rounds("ab", "", lambda _: 1, 8)) == []
