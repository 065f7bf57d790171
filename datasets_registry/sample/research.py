"""Broker research: company notes with forecasts and target prices, and industry weeklies."""

from datetime import date, timedelta

from datasets_registry.sample.companies import Company, Period
from datasets_registry.sample.drafts import Desk, Draft
from datasets_registry.sample.figures import day_text, money, move, points, signed, table, whole

_PERIODS = tuple(Period(2024 + number // 4, number % 4 + 1) for number in range(1, 10))
_RATINGS = ("买入", "增持", "推荐", "强烈推荐", "持有")


def company_note(desk: Desk) -> Draft:
    """公司点评: results, drivers, three years of forecasts, a rating and a target price."""
    company, period = desk.company("note"), desk.pick(_PERIODS)
    broker = desk.name("brokers")
    published = desk.after(period.end, 24, 60)
    return desk.write("note", _note_facts(desk, company, period, broker, published), published, broker)


def corrected_note(desk: Desk) -> tuple[Draft, Draft]:
    """公司点评 and the later report that sets another target price."""
    company, period = desk.company("note"), desk.pick(_PERIODS[:-2])
    broker = desk.name("brokers")
    published = desk.after(period.end, 24, 60)
    facts = _note_facts(desk, company, period, broker, published)
    first = desk.write("note", facts, published, broker)
    later = desk.after(published, 45, 130)
    multiple, earnings = (
        int(facts["tpe"]) + desk.pick((2, 3, 4)),
        float(facts["e2"]) * desk.pick((1.08, 1.15)),
    )
    facts |= desk.about(company, later) | {
        "date0": day_text(published), "tp0": facts["tp"], "e2": f"{earnings:.2f}", "tpe": str(multiple),
        "tp": f"{round(earnings, 2) * multiple:.2f}",
    }  # fmt: skip
    return first, desk.correct(first, facts, later)


def _note_facts(desk: Desk, company: Company, period: Period, broker: str, day: date) -> dict[str, str]:
    profit, before = company.profit_in(period), company.profit_in(period.before)
    sales = company.revenue_in(period)
    level = max(profit * 4 // period.quarters, company.shares // 4)
    first = whole(round(level * desk.rng.uniform(1.0, 1.2)))
    second = whole(round(first * desk.rng.uniform(1.08, 1.3)))
    third = whole(round(second * desk.rng.uniform(1.06, 1.25)))
    earnings = [f"{amount / company.shares:.2f}" for amount in (first, second, third)]
    close = company.price * desk.rng.uniform(0.88, 1.12)
    multiple = max(round(close * desk.rng.uniform(1.08, 1.42) / float(earnings[1])), 4)
    target = float(earnings[1]) * multiple
    year = period.year + (period.quarters == 4)
    rows = [("指标", f"{year}E", f"{year + 1}E", f"{year + 2}E"),
            ("归母净利润", money(first), money(second), money(third)), ("EPS（元）", *earnings)]  # fmt: skip
    return desk.about(company, day, profit > before) | {
        "broker": broker, "analyst": desk.world.person(), "period": period.text, "rev": money(sales),
        "rev_move": move(sales, company.revenue_in(period.before)), "profit_amt": money(profit),
        "profit_move": move(profit, before), "product": desk.words.say(company.industry, "products", {}),
        "gm": f"{max(profit / sales * 100, 0) + desk.rng.uniform(9, 22):.1f}",
        "nm": f"{profit / sales * 100:.1f}", "cash": money(whole(round(profit * 0.9 + 700))),
        "project": desk.words.say(company.industry, "project", {}), "y1": str(year), "y2": str(year + 1),
        "y3": str(year + 2), "p1": money(first), "p2": money(second), "p3": money(third), "e1": earnings[0],
        "e2": earnings[1], "e3": earnings[2], "pe": f"{close / float(earnings[0]):.1f}", "tpe": str(multiple),
        "tp": f"{target:.2f}", "close": f"{close:.2f}", "room": f"{(target / round(close, 2) - 1) * 100:.1f}",
        "rating": desk.pick(_RATINGS), "table": table(rows, desk.rng.randrange(3)),
    }  # fmt: skip


def industry_weekly(desk: Desk) -> Draft:
    """行业周报: a price, supply, the sector's stocks and what to do."""
    industry = desk.pick(sorted(desk.world.prices))
    product, unit, low, high = desk.world.prices[industry]
    peers = [company for company in desk.world.companies if company.industry == industry]
    one, two, three = desk.rng.sample(peers, 3)
    friday = _free_friday(desk, industry)
    price = desk.rng.uniform(low, high)
    change = desk.rng.uniform(-3.5, 3.5)
    broker = desk.name("brokers")
    facts = desk.about(one, friday) | {
        "broker": broker, "product": product, "unit": unit, "c1": one.name, "c2": two.name, "c3": three.name,
        "px": f"{price:.3f}" if price < 1 else f"{price:.2f}" if price < 100 else f"{price:,.0f}",
        "px_move": signed(change), "ytd_move": signed(desk.rng.uniform(-18, 16)),
        "move_word": "走强" if change > 0 else "回落", "util": f"{desk.rng.uniform(48, 88):.1f}",
        "util_move": points(desk.rng.uniform(-3, 3)), "days": f"{desk.rng.uniform(9, 38):.1f}",
        "idx_move": signed(desk.rng.uniform(-5, 5), 2), "flow": f"{desk.rng.uniform(1, 28):.2f}",
        "rating": desk.pick(("强于大市", "同步大市", "看好", "中性")),
    }  # fmt: skip
    return desk.write("weekly", facts, friday, broker)


def _free_friday(desk: Desk, industry: str) -> date:
    while True:
        friday = date(2024, 1, 12) + timedelta(weeks=desk.rng.randrange(145))
        if desk.claim(f"weekly {industry} {friday}"):
            return friday
