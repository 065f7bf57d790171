"""Dates as they are written: `2024-03-05`, `2024/3/5`, `2024.3.5`, `2024年3月5日`, `20240305`."""

import re
from collections.abc import Iterator
from datetime import date

from pydantic import JsonValue

DATE = re.compile(r"(?:(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})|(\d{4})(\d{2})(\d{2}))(?!\d)")
ALONE = re.compile(rf"(?<![\d.,]){DATE.pattern}(?![.,]\d)")
"""A date that is no part of a longer number."""


def leading_date(value: JsonValue) -> str | None:
    """The date that a value begins with, as `YYYY-MM-DD`; None where it does not begin with one."""
    match = DATE.match(str(value).lstrip()) if isinstance(value, str | int) else None
    return _iso(match) if match else None


def dates_in(text: str) -> Iterator[str]:
    """The dates of a text in order, as `YYYY-MM-DD`; what is no day of the calendar is passed over."""
    return (day for day in map(_iso, ALONE.finditer(text)) if day)


def _iso(match: re.Match[str]) -> str | None:
    year, month, day = (int(part) for part in match.groups() if part)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
