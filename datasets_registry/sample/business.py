"""Announcements about business: contracts, investments, replies to the exchange."""

from datetime import date, timedelta

from datasets_registry.sample.companies import Company, Period
from datasets_registry.sample.drafts import LAST_DAY, Desk, Draft
from datasets_registry.sample.figures import day_text, growth, money, month_text, percent, whole


def contract(desk: Desk) -> Draft:
    """重大合同: who buys what, for how much, until when."""
    company, published = desk.company("contract"), desk.between(date(2024, 3, 4), LAST_DAY)
    return desk.write("contract", _contract_facts(desk, company, published), published, "交易所公告")


def corrected_contract(desk: Desk) -> tuple[Draft, Draft]:
    """重大合同 and the 补充协议 that changes its amount."""
    company, published = desk.company("contract"), desk.between(date(2024, 3, 4), date(2026, 2, 27))
    facts = _contract_facts(desk, company, published)
    first = desk.write("contract", facts, published, "交易所公告")
    later = desk.after(published, 60, 200)
    before = whole(round(float(facts["wan"])))
    after = whole(round(before * desk.pick((0.66, 0.78, 1.18, 1.35, 1.6))))
    facts |= desk.about(company, later, after > before) | {
        "city2": facts["city2"], "amount0": money(before), "amount": money(after),
        "date0": day_text(published), "chg": str(growth(after, before)),
        "end": day_text(desk.after(later, 260, 500)),
    }  # fmt: skip
    return first, desk.correct(first, facts, later)


def _contract_facts(desk: Desk, company: Company, published: date) -> dict[str, str]:
    year = published.year - 1
    sales = company.revenue_in(Period(year, 4))
    amount = whole(max(round(sales * desk.rng.uniform(0.08, 0.42)), 4200))
    start = published + timedelta(days=desk.rng.randrange(20, 70))
    item = desk.words.say(company.industry, "products", {"industry": company.industry})
    return desk.about(company, published) | {
        "party": f"{desk.name('cities')}{desk.name('holders')}{desk.name('party_kinds')}", "item": item,
        "amount": money(amount), "wan": str(amount), "fy": str(year), "rev": money(sales),
        "share": percent(amount, sales), "start": day_text(start), "pay": desk.name("pays"),
        "end": day_text(desk.after(start, 150, 620)), "prev": f"{desk.rng.randrange(300, 9800):,}",
        "y1": str(published.year), "y2": str(published.year + 1),
        "backlog": money(whole(amount + round(sales * desk.rng.uniform(0.2, 0.7)))),
    }  # fmt: skip


def investment(desk: Desk) -> Draft:
    """投资建设项目: amount, capacity, site, schedule and returns."""
    company, published = desk.company("investment"), desk.between(date(2024, 2, 5), LAST_DAY)
    return desk.write("investment", _investment_facts(desk, company, published), published, "交易所公告")


def corrected_investment(desk: Desk) -> tuple[Draft, Draft]:
    """投资建设项目 and the later decision on another amount."""
    company, published = desk.company("investment"), desk.between(date(2024, 2, 5), date(2025, 11, 20))
    facts = _investment_facts(desk, company, published)
    first = desk.write("investment", facts, published, "交易所公告")
    later = desk.after(published, 120, 300)
    before = int(facts["wan"])
    fresh = desk.about(company, later, desk.rng.random() < 0.5)
    facts |= fresh | {
        "city2": facts["city2"], "date0": day_text(published), "amount0": money(before),
        "amount": money(whole(round(before * desk.pick((0.7, 0.8, 1.15, 1.3, 1.45))))),
        "end": month_text(desk.after(later, 300, 700)),
    }  # fmt: skip
    return first, desk.correct(first, facts, later)


def _investment_facts(desk: Desk, company: Company, published: date) -> dict[str, str]:
    scope = {"industry": company.industry}
    amount = whole(round(company.revenue_in(Period(2024, 4)) * desk.rng.uniform(0.1, 0.5)) + 6000)
    start = desk.after(published, 40, 150)
    own = desk.pick((30, 40, 50, 60))
    return desk.about(company, published) | {
        "project": desk.words.say(company.industry, "project", scope), "amount": money(amount),
        "wan": str(amount), "product": desk.words.say(company.industry, "products", scope),
        "mu": str(desk.rng.randrange(35, 420)),
        "capacity": f"{desk.rng.randrange(12, 480) / 10}{desk.words.say(company.industry, 'unit', scope)}",
        "months": str(desk.pick((15, 18, 20, 24, 30))), "fix": str(desk.rng.randrange(68, 89)),
        "start": month_text(start), "end": month_text(desk.after(start, 420, 800)), "own": str(own),
        "loan_pct": str(100 - own), "util": str(desk.rng.randrange(83, 99)),
        "inc": money(whole(round(amount * desk.rng.uniform(0.7, 1.6)))),
        "irr": f"{desk.rng.uniform(9, 21):.2f}", "pay_yr": f"{desk.rng.uniform(4.6, 9.2):.2f}",
    }  # fmt: skip


def inquiry_reply(desk: Desk) -> Draft:
    """问询函回复: receivables, gross margin and stocks, explained to the exchange."""
    company, year = desk.company("inquiry"), desk.pick((2023, 2024, 2025))
    asked = desk.between(date(year + 1, 5, 12), date(year + 1, 6, 10))
    published = desk.after(asked, 12, 24)
    sales = company.revenue_in(Period(year, 4))
    due = whole(round(sales * desk.rng.uniform(0.15, 0.45)))
    back = whole(round(due * desk.rng.uniform(0.35, 0.85)))
    stocks = whole(round(sales * desk.rng.uniform(0.1, 0.3)))
    written_off = round(stocks * desk.rng.uniform(0.02, 0.09))
    margin = round(desk.rng.uniform(12, 38), 2)
    before = round(margin + desk.rng.choice((-1, 1)) * desk.rng.uniform(0.8, 7), 2)
    better = margin > before
    facts = desk.about(company, published, better) | {
        "fy": str(year), "date0": day_text(asked), "rev": money(sales), "ar": money(due),
        "ar_pct": percent(due, sales), "aged": str(desk.rng.randrange(71, 94)), "back": money(back),
        "back_pct": percent(back, due), "prov": f"{desk.rng.uniform(4, 12):.2f}", "gm": f"{margin:.2f}",
        "gm0": f"{before:.2f}", "gm_move": f"{'上升' if better else '下降'}{abs(margin - before):.2f}",
        "peer": f"{margin + desk.rng.uniform(-4, 4):.2f}", "inv": money(stocks),
        "inv_prov": money(written_off), "inv_pct": percent(written_off, stocks),
        "debt": money(whole(round(sales * 0.31))), "cashbal": money(whole(round(sales * 0.18))),
    }  # fmt: skip
    return desk.write("inquiry", facts, published, "交易所公告")
