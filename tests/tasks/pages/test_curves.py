"""Line charts: what is drawn, and that equal data gives equal bytes."""

import math

from tasks.pages.curves import curves


def test_every_line_is_named_once() -> None:
    drawn = curves({"loss": [(0, 2.0), (5, 1.0)], "eval_loss": [(0, 2.5), (5, 1.5)]}, "步数", 200)
    assert drawn.startswith("<svg")
    assert drawn.count(">loss<") == drawn.count(">eval_loss<") == drawn.count(">步数<") == 1


def test_points_that_are_not_finite_are_left_out() -> None:
    clean = curves({"loss": [(0, 2.0), (5, 1.0)]}, "步数", 200)
    assert curves({"loss": [(0, 2.0), (2, math.nan), (5, 1.0), (6, math.inf)]}, "步数", 200) == clean


def test_nothing_to_draw_is_an_empty_chart() -> None:
    assert curves({"loss": []}, "步数", 200).startswith("<svg")


def test_equal_data_gives_equal_bytes() -> None:
    lines = {"reward": [(float(x), math.sin(x)) for x in range(40)]}
    assert curves(lines, "步数", 200) == curves(lines, "步数", 200)
