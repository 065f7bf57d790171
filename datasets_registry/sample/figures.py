"""Amounts, ratios, dates and tables as Chinese financial documents print them.

Money is in whole units of ten thousand yuan (万元), so that every printed figure is exact.
"""

from collections.abc import Sequence
from datetime import date


def money(amount: int) -> str:
    """`1.25亿元` from ten million yuan in steps of 0.01亿, `8,530万元` below; `amount` is in 万元."""
    if abs(amount) >= 10000:
        return f"{whole(amount) / 10000:.2f}".rstrip("0").rstrip(".") + "亿元"
    return f"{amount:,}万元"


def whole(amount: int) -> int:
    """`amount` in 万元, rounded so that `money` prints it exactly."""
    return round(amount / 100) * 100 if abs(amount) >= 10000 else amount


def spread(low: int, high: int) -> str:
    """A range of profit, `1.2亿元至1.5亿元` or `亏损8,000万元至1.1亿元` (the smaller loss first)."""
    if high < 0:
        return f"亏损{money(-high)}至{money(-low)}"
    return f"{money(low)}至{money(high)}"


def growth(now: int, before: int) -> float:
    """Change from `before` to `now` in percent, one decimal."""
    return round((now - before) / abs(before) * 100, 1)


def move(now: int, before: int) -> str:
    """The change in words: `增长12.3%`, `下降4.5%`, `由盈转亏`, `扭亏为盈`, `亏损收窄20.1%`."""
    if before > 0 > now:
        return "由盈转亏"
    if before < 0 < now:
        return "扭亏为盈"
    change = growth(now, before)
    if before < 0:
        return f"亏损{'收窄' if change > 0 else '扩大'}{abs(change)}%"
    return f"{'增长' if change >= 0 else '下降'}{abs(change)}%"


def percent(part: float, total: float, digits: int = 2) -> str:
    """`part` of `total` in percent without the sign, `3.25`."""
    return f"{part / total * 100:.{digits}f}"


def signed(value: float, digits: int = 1) -> str:
    """`上涨3.2%` or `下跌1.5%`."""
    return f"{'上涨' if value >= 0 else '下跌'}{abs(value):.{digits}f}%"


def points(value: float) -> str:
    """A move in percentage points to put before 个百分点: `上升1.2` or `下降0.8`."""
    return f"{'上升' if value >= 0 else '下降'}{abs(value):.1f}"


def day_text(day: date) -> str:
    """`2025年3月8日`."""
    return f"{day.year}年{day.month}月{day.day}日"


def month_text(day: date) -> str:
    """`2025年3月`."""
    return f"{day.year}年{day.month}月"


def table(rows: Sequence[Sequence[str]], style: int) -> str:
    """Rows, the first one the header, as an HTML table (even `style`) or a Markdown one (odd)."""
    if style % 2:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines.insert(1, "|" + " --- |" * len(rows[0]))
        return "\n".join(lines)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table border="1" cellspacing="0">{body}</table>'
