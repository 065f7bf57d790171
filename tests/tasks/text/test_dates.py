"""A date is read however it is written, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.text.dates import leading_date


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
