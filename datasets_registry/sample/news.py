"""News about companies: plants, surveys by institutions, penalties, orders from abroad, people."""

from datetime import date

from datasets_registry.sample.companies import Company, Period
from datasets_registry.sample.drafts import FIRST_DAY, LAST_DAY, Desk, Draft
from datasets_registry.sample.figures import day_text, money, move, percent, whole


def _story(desk: Desk, topic: str, good: bool = True) -> tuple[Company, date, dict[str, str], str]:
    company, published = desk.company(topic), desk.between(FIRST_DAY, LAST_DAY)
    period = Period(published.year - 1, 4)
    profit, media = company.profit_in(period), desk.name("media")
    scope = {"industry": company.industry}
    facts = desk.about(company, published, good) | {
        "media": media, "reporter": desk.world.person(), "date_md": f"{published.month}月{published.day}日",
        "p2": desk.world.person(), "fy": str(period.year), "rev": money(company.revenue_in(period)),
        "profit_amt": money(profit), "profit_move": move(profit, company.profit_in(period.before)),
        "product": desk.words.say(company.industry, "products", scope), "close": f"{company.price:.2f}",
        "project": desk.words.say(company.industry, "project", scope),
        "months": str(desk.rng.randrange(5, 26)),
    }  # fmt: skip
    return company, published, facts, media


def plant_opening(desk: Desk) -> Draft:
    """A plant starts production."""
    company, published, facts, media = _story(desk, "project")
    amount = whole(round(company.revenue_in(Period(2024, 4)) * desk.rng.uniform(0.08, 0.3)) + 5000)
    facts |= {
        "amount": money(amount), "inc": money(whole(round(amount * desk.rng.uniform(0.8, 1.7)))),
        "capacity": f"{desk.rng.randrange(8, 360) / 10}{desk.words.say(company.industry, 'unit', {})}",
        "mu": str(desk.rng.randrange(40, 300)), "jobs": str(desk.rng.randrange(80, 900)),
        "save": str(desk.rng.randrange(8, 31)), "staff": str(desk.rng.randrange(6, 40)),
        "wk": desk.pick(("三", "五", "六")), "pct": f"{desk.rng.uniform(0.3, 6):.2f}",
    }  # fmt: skip
    return desk.write("project", facts, published, media)


def survey(desk: Desk) -> Draft:
    """Institutions ask, the company answers."""
    company, published, facts, media = _story(desk, "survey", desk.rng.random() < 0.6)
    sales = company.revenue_in(Period(2024, 4))
    facts |= {
        "orgs": str(desk.rng.randrange(11, 168)), "topic": desk.words.say("survey", "topic", facts),
        "backlog": money(whole(round(sales * desk.rng.uniform(0.2, 0.9)))),
        "cover": str(desk.rng.randrange(3, 11)),
        "capex": money(whole(round(sales * desk.rng.uniform(0.03, 0.18)) + 900)),
        "broker": desk.name("brokers"), "gm": f"{desk.rng.uniform(11, 42):.2f}",
        "pct": f"{desk.rng.uniform(2, 19):.1f}", "prog": str(desk.rng.randrange(22, 91)),
        "asof": f"{published.year}年{max(published.month - 1, 1)}月",
    }  # fmt: skip
    return desk.write("survey", facts, published, media)


def penalty(desk: Desk) -> Draft:
    """The regulator fines a company and its people."""
    company, published, facts, media = _story(desk, "penalty", good=False)
    equity = company.revenue_in(Period(2024, 4))
    amount = whole(round(equity * desk.rng.uniform(0.01, 0.12)) + 300)
    facts |= {
        "fault1": desk.words.say("penalty", "fault", {}), "fine": str(desk.rng.randrange(80, 600, 10)),
        "fine1": str(desk.rng.randrange(30, 150, 5)), "fine2": str(desk.rng.randrange(15, 80, 5)),
        "amount": money(amount), "pct": percent(amount, equity), "drop": f"{desk.rng.uniform(0.6, 8):.2f}",
    }  # fmt: skip
    return desk.write("penalty", facts, published, media)


def overseas_order(desk: Desk) -> Draft:
    """An order from abroad."""
    company, published, facts, media = _story(desk, "overseas")
    share = desk.rng.randrange(8, 45)
    amount = whole(round(company.revenue_in(Period(2024, 4)) * desk.rng.uniform(0.03, 0.2)) + 2000)
    facts |= {
        "country": desk.name("countries"), "amount": money(amount),
        "batch": desk.pick(("三", "四", "五", "六", "八")), "o0": str(share),
        "o1": str(share + desk.rng.randrange(3, 14)), "days": str(desk.rng.randrange(12, 46)),
        "start": day_text(desk.after(published, 30, 120)),
        "r2": desk.words.say(company.industry, "down", {"industry": company.industry}),
    }  # fmt: skip
    return desk.write("overseas", facts, published, media)


def change_of_people(desk: Desk) -> Draft:
    """A manager leaves, another comes."""
    company, published, facts, media = _story(desk, "people", desk.rng.random() < 0.5)
    employer = desk.pick([other.name for other in desk.world.companies if other is not company])
    facts |= {
        "old": desk.world.person(), "new": desk.world.person(), "post": desk.name("posts"),
        "reason": desk.name("reasons_leave"), "tenure": str(desk.rng.randrange(2, 13)),
        "age": str(desk.rng.randrange(36, 57)), "exp": str(desk.rng.randrange(9, 28)),
        "prev": desk.pick((employer, desk.name("brokers"), desk.name("banks"))),
        "mcap": money(whole(round(company.shares * company.price))), "held": f"{desk.rng.randrange(8, 320)}",
    }  # fmt: skip
    return desk.write("people", facts, published, media)
