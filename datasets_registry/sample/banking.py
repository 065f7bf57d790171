"""Money and banks: regional credit, bank results, deposit rates, relending."""

from datetime import date, timedelta

from datasets_registry.sample.companies import Period
from datasets_registry.sample.drafts import FIRST_DAY, LAST_DAY, Desk, Draft
from datasets_registry.sample.figures import day_text, money, month_text, move, whole

_MONTHS = tuple(date(year, month, 1) for year in (2024, 2025, 2026) for month in range(1, 13))[:33]
_PERIODS = (*(Period(year, quarters) for year in (2024, 2025) for quarters in (1, 2, 3, 4)), Period(2026, 2))


def regional_credit(desk: Desk) -> Draft:
    """地区信贷数据 of one month."""
    while True:
        province, month = desk.name("provinces"), desk.pick(_MONTHS)
        if desk.claim(f"credit {province} {month}"):
            break
    published = desk.after((month + timedelta(days=31)).replace(day=1), 9, 18)
    new = desk.rng.uniform(120, 1500)
    more = desk.rng.uniform(-260, 260)
    rate = desk.rng.uniform(3.05, 4.1)
    company = desk.company("credit")
    facts = desk.about(company, published) | {
        "province": province, "mon": month_text(month), "loan": f"{new:.1f}",
        "bal": f"{desk.rng.uniform(21000, 68000):,.1f}", "g": f"{desk.rng.uniform(5.2, 12.6):.1f}",
        "more": f"{'多' if more > 0 else '少'}增{abs(more):.1f}",
        "hh": f"{new * desk.rng.uniform(0.08, 0.36):.1f}", "corp": f"{new * desk.rng.uniform(0.5, 0.62):.1f}",
        "dbal": f"{desk.rng.uniform(24000, 76000):,.1f}", "dnew": f"{desk.rng.uniform(60, 900):.1f}",
        "td": f"{desk.rng.uniform(52, 71):.1f}", "r1": f"{rate:.2f}",
        "r2": f"{rate - desk.rng.uniform(0.05, 0.3):.2f}", "bp": str(desk.rng.randrange(8, 58)),
    }  # fmt: skip
    return desk.write("credit", facts, published, desk.name("media"))


def bank_results(desk: Desk) -> Draft:
    """A bank's results: profit, margin, bad loans, capital."""
    while True:
        bank, period = desk.name("banks"), desk.pick(_PERIODS)
        if desk.claim(f"bankresult {bank} {period.text}"):
            break
    published = desk.after(period.end, 26, 58)
    sales = round(desk.rng.uniform(4, 46) * period.quarters, 2)
    profit = round(sales * desk.rng.uniform(0.28, 0.44), 2)
    facts = {
        "bank": bank, "period": period.text, "date": day_text(published), "rev": f"{sales:.2f}",
        "np": f"{profit:.2f}", "rev_move": move(round(sales * 100), round(sales * desk.rng.uniform(92, 108))),
        "np_move": move(round(profit * 100), round(profit * desk.rng.uniform(90, 107))),
        "nim": f"{desk.rng.uniform(1.3, 2.2):.2f}", "bp": str(desk.rng.randrange(3, 24)),
        "npl": f"{desk.rng.uniform(0.8, 1.9):.2f}", "cov": f"{desk.rng.uniform(160, 380):.2f}",
        "sml": f"{desk.rng.uniform(1, 3.2):.2f}",
        "assets": f"{sales / period.quarters * 4 * desk.rng.uniform(38, 54):,.2f}",
        "ag": f"{desk.rng.uniform(2, 11):.1f}", "cet": f"{desk.rng.uniform(8.3, 11.9):.2f}",
        "p1": desk.world.person(), "asof": day_text(period.end),
    }  # fmt: skip
    return desk.write("bankresult", facts, published, desk.name("media"))


def deposit_rates(desk: Desk) -> Draft:
    """存款利率下调 of one bank."""
    facts, published = _rates(desk, LAST_DAY)
    return desk.write("depositrate", facts, published, desk.name("media"))


def corrected_deposit_rates(desk: Desk) -> tuple[Draft, Draft]:
    """存款利率下调 and the next cut of the same bank."""
    facts, published = _rates(desk, date(2026, 3, 20))
    first = desk.write("depositrate", facts, published, desk.name("media"))
    later = desk.after(published, 70, 190)
    three = round(float(facts["r3"]) - desk.pick((0.1, 0.15, 0.2)), 2)
    facts |= {
        "date0": facts["date"], "date": day_text(later), "r30": facts["r3"], "r3": f"{three:.2f}",
        "r1": f"{float(facts['r1']) - 0.1:.2f}", "r5": f"{three + 0.05:.2f}",
    }  # fmt: skip
    return first, desk.correct(first, facts, later)


def _rates(desk: Desk, last: date) -> tuple[dict[str, str], date]:
    bank = next(name for name in desk.world.names("banks") if desk.claim(f"rates {name}"))
    published = desk.between(FIRST_DAY, last)
    before = desk.pick((1.75, 1.9, 2.05, 2.2, 2.35, 2.5))
    cut = desk.pick((10, 15, 20, 25, 30))
    three = before - cut / 100
    facts = {
        "bank": bank, "date": day_text(published), "r30": f"{before:.2f}", "r3": f"{three:.2f}",
        "bp": str(cut), "r1": f"{three - 0.45:.2f}", "r2": f"{three - 0.3:.2f}", "r5": f"{three + 0.05:.2f}",
        "r0": "0.10", "nim": f"{desk.rng.uniform(1.25, 1.8):.2f}", "lost": str(cut * 60),
        "p1": desk.world.person(), "city": desk.name("cities") + "市",
    }  # fmt: skip
    return facts, published


def relending(desk: Desk) -> Draft:
    """再贷款 and sustainability-linked loans to one company."""
    company, published = desk.company("relending"), desk.between(FIRST_DAY, LAST_DAY)
    scope = {"industry": company.industry}
    amount, rate = desk.rng.randrange(1500, 38000, 100), desk.rng.uniform(2.1, 3.4)
    cut = desk.rng.randrange(35, 110, 5)
    facts = desk.about(company, published) | {
        "tool": desk.name("tools"), "bank": desk.name("banks"), "amount": money(whole(amount)),
        "r": f"{rate:.2f}", "yrs": desk.pick(("二", "三", "五")), "bp": str(cut),
        "bp2": str(desk.pick((5, 10, 15, 20))), "sub": desk.pick(("1", "1.5")), "fy": str(published.year - 1),
        "p1": desk.world.person(), "rev": money(company.revenue_in(Period(published.year - 1, 4))),
        "save": f"{amount * cut / 10000:.2f}", "project": desk.words.say(company.industry, "project", scope),
        "asof": day_text(published - timedelta(days=8)), "n": str(desk.rng.randrange(9, 140)),
        "sign": f"{desk.rng.uniform(3, 96):.1f}",
    }  # fmt: skip
    return desk.write("relending", facts, published, desk.name("media"))
