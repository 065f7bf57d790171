"""The date that a field begins with, however it is written."""

import re
from datetime import date

from pydantic import JsonValue

DATE = re.compile(r"\s*(?:(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})|(\d{4})(\d{2})(\d{2}))(?!\d)")


def leading_date(value: JsonValue) -> str | None:
    """The date that a value begins with, as `YYYY-MM-DD`; None where it does not begin with one."""
    match = DATE.match(str(value)) if isinstance(value, str | int) else None
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups() if part)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
