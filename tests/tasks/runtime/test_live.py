"""What a running program shows: a log that is never flooded, curves that fit in a line."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.runtime.live import BLOCKS, LineLog, as_markdown, sparkline
from tasks.runtime.metrics import Metric


def test_twenty_lines_a_second_and_the_count_of_the_others(caplog: pytest.LogCaptureFixture) -> None:
    seconds = [0.0]
    caplog.set_level(logging.INFO)
    log = LineLog(logging.getLogger("finloom.test"), clock=lambda: seconds[0])
    for number in range(50):
        log(f"line {number}")
    seconds[0] = 1.0
    log("later, with a % in it")
    log.close()
    assert caplog.messages[:20] == [f"line {number}" for number in range(20)]
    assert caplog.messages[20:] == ["(30 more lines, see the log file)", "later, with a % in it"]


def test_the_page_has_curves_and_the_latest_values() -> None:
    metrics = [Metric(1, "loss", 7.0), Metric(1, "zeta", 1.0), Metric(2, "loss", 5.0), Metric(2, "kl", 0.1)]
    assert as_markdown(metrics, 9) == "\n".join(
        [
            "## Step 2 of 9",
            "",
            "loss `█▁` 7 → 5",
            "",
            "| metric | latest | step |",
            "| --- | ---: | ---: |",
            "| loss | 5 | 2 |",
            "| kl | 0.1 | 2 |",
            "| zeta | 1 | 1 |",
        ]
    )


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300))
def test_a_sparkline_fits_and_shows_the_extremes(values: list[float]) -> None:
    line = sparkline(values)
    assert len(line) == min(60, len(values))
    assert set(line) <= set(BLOCKS)
    if len(values) <= 60 and max(values) > min(values):
        assert {line[values.index(max(values))], line[values.index(min(values))]} == {BLOCKS[0], BLOCKS[-1]}


def test_a_flat_curve_is_flat() -> None:
    assert sparkline([2.0, 2.0]) == "▁▁"
