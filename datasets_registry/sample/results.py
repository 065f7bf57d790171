"""Announcements about results: profit forecasts and dividends, and their corrections."""

from datetime import date

from datasets_registry.sample.companies import Company, Period
from datasets_registry.sample.drafts import Desk, Draft
from datasets_registry.sample.figures import day_text, growth, money, move, percent, spread, table, whole

_HALF, _NINE_MONTHS, _YEAR = 2, 3, 4


def profit_forecast(desk: Desk) -> Draft:
    """业绩预告: a range for the profit of a period, with reasons."""
    company, period, published = _subject(desk)
    facts = _forecast_facts(desk, company, period, published)
    return desk.write("forecast", facts, published, "交易所公告")


def corrected_forecast(desk: Desk) -> tuple[Draft, Draft]:
    """业绩预告 and the 修正公告 that replaces its range."""
    company, period, published = _subject(desk)
    facts = _forecast_facts(desk, company, period, published)
    first = desk.write("forecast", facts, published, "交易所公告")
    later = desk.after(published, 9, 24)
    actual = company.profit_in(period)
    scale = desk.pick((0.62, 0.71, 1.24, 1.36))
    low, high = sorted((whole(round(actual * scale * 0.96)), whole(round(actual * scale * 1.05))))
    facts |= desk.about(company, later, scale > 1) | {
        "range0": facts["range"], "range": spread(low, high), "date0": day_text(published),
        "cmp": _compare(low, high, company.profit_in(period.before)),
    }  # fmt: skip
    return first, desk.correct(first, facts, later)


def _subject(desk: Desk) -> tuple[Company, Period, date]:
    company = desk.company("forecast")
    period = desk.pick([Period(year, q) for year in (2024, 2025) for q in (2, 3, 4)] + [Period(2026, 2)])
    year = period.year + (period.quarters == _YEAR)
    month, first, last = {_HALF: (7, 3, 22), _NINE_MONTHS: (10, 8, 14), _YEAR: (1, 8, 24)}[period.quarters]
    return company, period, desk.between(date(year, month, first), date(year, month, last))


def _compare(low: int, high: int, before: int) -> str:
    if before < 0 < low:
        return "实现扭亏为盈"
    if high < 0 < before:
        return "同比由盈转亏"
    changes = sorted((growth(low, before), growth(high, before)))
    if before < 0:
        return f"亏损同比{'收窄' if changes[0] > 0 else '变动'}{abs(changes[0])}%至{abs(changes[1])}%"
    if changes[0] < 0 < changes[1]:
        return f"同比变动-{abs(changes[0])}%至{changes[1]}%"
    if changes[1] <= 0:
        return f"同比下降{abs(changes[1])}%至{abs(changes[0])}%"
    return f"同比增长{changes[0]}%至{changes[1]}%"


def _forecast_facts(desk: Desk, company: Company, period: Period, published: date) -> dict[str, str]:
    actual, before = company.profit_in(period), company.profit_in(period.before)
    revenue, revenue_before = company.revenue_in(period), company.revenue_in(period.before)
    low, high = sorted((whole(round(actual * 0.94)), whole(round(actual * 1.09))))
    year = period.year + (period.quarters == _YEAR)
    month, first, last = {_HALF: (8, 18, 30), _NINE_MONTHS: (10, 24, 31), _YEAR: (4, 9, 29)}[period.quarters]
    extra = desk.rng.randrange(120, 1900)
    core = sorted((whole(low - extra), whole(high - extra)))
    rows = [
        ("项目", "本报告期", "上年同期", "变动"),
        ("归母净利润", spread(low, high), money(before), _compare(low, high, before)),
        ("营业收入", money(revenue), money(revenue_before), move(revenue, revenue_before)),
    ]
    return desk.about(company, published, actual > before) | {
        "period": period.text, "prange": f"{period.year}年1月1日至{day_text(period.end)}",
        "range": spread(low, high), "cmp": _compare(low, high, before), "prior": money(before),
        "ded": spread(*core) if core[0] * core[1] > 0 else f"{money(core[0])}至{money(core[1])}",
        "eps": f"{actual / company.shares:.2f}", "rev": money(revenue), "rev0": money(revenue_before),
        "rev_move": move(revenue, revenue_before), "cash": money(whole(round(actual * 0.8 + 900))),
        "nonrec_amt": money(extra), "nonrec_prior": money(desk.rng.randrange(100, 1500)),
        "disclose": day_text(desk.between(date(year, month, first), date(year, month, last))),
        "table": table(rows, desk.rng.randrange(4)),
    }  # fmt: skip


def dividend(desk: Desk) -> Draft:
    """利润分配预案: cash for every ten shares, out of the profit of a year."""
    company, year, published = _payer(desk)
    facts = _dividend_facts(desk, company, year, published)
    return desk.write("dividend", facts, published, "交易所公告")


def corrected_dividend(desk: Desk) -> tuple[Draft, Draft]:
    """利润分配预案 and the later proposal with more cash."""
    company, year, published = _payer(desk)
    facts = _dividend_facts(desk, company, year, published)
    first = desk.write("dividend", facts, published, "交易所公告")
    later = desk.after(published, 8, 18)
    cents = round(float(facts["per10"]) * 100) + desk.pick((30, 50, 80, 100))
    facts |= {
        "date0": day_text(published), "date": day_text(later), "per10_0": facts["per10"],
        "total0": facts["total"], "holder": f"{company.city[:2]}{desk.name('holders')}控股集团",
    } | _payout(company, year, cents)  # fmt: skip
    return first, desk.correct(first, facts, later)


def _payer(desk: Desk) -> tuple[Company, int, date]:
    while True:
        company, year = desk.company("dividend"), desk.pick((2023, 2024, 2025))
        if company.profit_in(Period(year, 4)) > company.shares * 0.08:
            return company, year, desk.between(date(year + 1, 3, 12), date(year + 1, 4, 26))


def _payout(company: Company, year: int, cents: int) -> dict[str, str]:
    total = company.shares * cents / 1000
    return {
        "per10": f"{cents / 100:.2f}", "per1": f"{cents / 1000:.3f}", "total": f"{total:,.2f}",
        "payout": percent(total, company.profit_in(Period(year, 4))),
    }  # fmt: skip


def _dividend_facts(desk: Desk, company: Company, year: int, published: date) -> dict[str, str]:
    period = Period(year, 4)
    profit = company.profit_in(period)
    cents = max(round(profit * desk.rng.uniform(0.22, 0.55) / company.shares * 1000 / 5) * 5, 10)
    before = max(cents + desk.pick((-40, -25, -10, 15, 30)), 5)
    return (
        desk.about(company, published, profit > company.profit_in(period.before))
        | _payout(company, year, cents)
        | {
            "fy": str(year), "shares": f"{company.shares:,}", "profit_amt": money(profit),
            "rev": money(company.revenue_in(period)),
            "retained": money(whole(round(profit * desk.rng.uniform(1.6, 5)))),
            "three": f"{round(company.shares * cents * 2.3 / 1000):,}", "per10_prev": f"{before / 100:.2f}",
            "per10_move": "有所提高" if cents > before else "有所减少",
            "meet": day_text(desk.after(published, 22, 45)),
        }
    )  # fmt: skip
