"""A date is read however it is written, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.text.dates import dates_in, leading_date


@given(st.dates())
def test_any_way_to_write_a_date_is_read(date: object) -> None:
    iso = str(date)
    year, month, day = iso.split("-")
    for written in (
        iso,
        f"{iso} 10:00",
        f"{year}/{month}/{day}",
        year + month + day,
        f"{year}年{month}月{day}日",
    ):
        assert leading_date(written) == iso


@pytest.mark.parametrize(
    "value", ["2024-13-01", "2023-02-29", "202401011", "昨天", "", None, 3.5, ["2024-01-01"]]
)
def test_what_is_no_date_gives_none(value: str | float | list[str] | None) -> None:
    assert leading_date(value) is None  # type: ignore[arg-type]


def test_all_dates_of_a_text_are_found_and_no_part_of_a_number() -> None:
    text = "20190125的收盘价，2019年2月3日、2019/2/30；成交 120190125 手 20190125.5 元，见2019-02-04。"
    assert list(dates_in(text)) == ["2019-01-25", "2019-02-03", "2019-02-04"]
