"""Charts are inline, the same bytes every time, and never let a label out of its text."""

import re

from tasks.pages.bars import Bar, horizontal_bars, paired_bars, vertical_bars

BARS = [Bar("结构化", 3, "3", "#6f9fbd"), Bar("保留", 5, "5", "#1f5f8b"), Bar("隔离", 0, "0", "#b3261e")]


def labels(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_bars_stand_in_the_order_given() -> None:
    for svg in (horizontal_bars(BARS, left=64, height=90), vertical_bars(BARS, height=90)):
        assert labels(svg) == ["结构化", "保留", "隔离", "3", "5", "0"]


def test_a_pair_has_two_bars_below_one_name() -> None:
    svg = paired_bars([(Bar("< 100", 9, "nine", "#b4bec8"), Bar("< 100", 4, "four", "#1f5f8b"))], height=90)
    assert labels(svg) == ["&lt; 100", "nine", "four"]
    assert svg.count('fill="#b4bec8"') == svg.count('fill="#1f5f8b"') == 1


def test_equal_bars_give_equal_bytes() -> None:
    assert vertical_bars(BARS, height=90) == vertical_bars(list(BARS), height=90)


def test_the_picture_fits_any_width() -> None:
    head = vertical_bars(BARS, height=90).split(">", 1)[0]
    assert "viewBox" in head
    assert not re.search(r' (width|height)="', head)


def test_bars_that_are_all_zero_are_drawn() -> None:
    assert labels(vertical_bars([Bar("无", 0, "0", "#b4bec8")], height=90)) == ["无", "0"]


def test_a_label_stays_text() -> None:
    svg = horizontal_bars(
        [Bar("<script>alert(1)</script>", 1, '"><img src=x>', "#b4bec8")], left=64, height=40
    )
    assert "<script" not in svg and "<img" not in svg
