"""What is said to differ differs, what lies between is equal, and the cost is bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.comparison.differences import Difference, differences

SENTENCE = "公司第{}季度实现营业收入{}亿元，同比增长。"
SOME = st.text(alphabet="甲乙丙。\n 1", max_size=60)


def rebuilt(old: str, new: str, found: list[Difference]) -> tuple[str, str]:
    """Each text made of the other, by its differences."""
    forward, back, old_at, new_at = "", "", 0, 0
    for one in found:
        forward += old[old_at : one.old_start] + new[one.new_start : one.new_end]
        back += new[new_at : one.new_start] + old[one.old_start : one.old_end]
        old_at, new_at = one.old_end, one.new_end
    return forward + old[old_at:], back + new[new_at:]


@given(SOME, SOME)
def test_either_text_is_the_other_with_its_differences(old: str, new: str) -> None:
    found = differences(old, new)
    assert rebuilt(old, new, found) == (new, old)
    assert (found == []) == (old == new)
    ends = [place for one in found for place in (one.old_start, one.old_end)]
    assert ends == sorted(ends)


@given(st.lists(st.integers(0, 9), max_size=12), st.lists(st.integers(0, 9), max_size=12))
def test_anchors_that_were_moved_or_repeated_lose_nothing(one: list[int], other: list[int]) -> None:
    old, new = ("".join(SENTENCE.format(n, n) for n in side) for side in (one, other))
    assert rebuilt(old, new, differences(old, new)) == (new, old)


def test_what_went_is_one_piece_though_its_words_come_again() -> None:
    menu = "首页 新闻中心 联系我们 "
    text = "".join(SENTENCE.format(n, n) for n in range(4)) + "首页新闻很多。"
    assert differences(menu + text, text) == [Difference(0, len(menu), 0, 0)]


def test_chance_characters_between_replacements_are_no_island() -> None:
    assert differences("甲乙的丙丁", "戊己的庚辛") == [Difference(0, 5, 0, 5)]
    assert differences("去甲中乙去", "甲中乙") == [Difference(0, 1, 0, 0), Difference(4, 5, 3, 3)]


def test_what_is_too_much_to_compare_differs_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = "同" + "甲乙丙丁" * 25 + "尾", "同" + "戊己庚辛甲乙丙丁壬癸" * 10 + "尾"
    whole = [Difference(1, 101, 1, 101)]
    assert differences(old, new) != whole
    monkeypatch.setattr("tasks.comparison.differences.CELLS", 9_999)
    assert differences(old, new) == whole


def test_a_megabyte_of_other_text_is_bounded() -> None:
    old = "".join(chr(0x4E00 + n * n % 9973) for n in range(200_000))
    new = "".join(chr(0x4E00 + n * n * 7 % 9967) for n in range(200_000))
    assert rebuilt(old, new, differences(old, new)) == (new, old)
