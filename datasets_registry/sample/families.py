"""Texts from one template that state different facts: all of them must stay."""

from datetime import timedelta

from datasets_registry.sample.companies import Company
from datasets_registry.sample.drafts import FIRST_DAY, LAST_DAY, Desk, Draft
from datasets_registry.sample.figures import day_text, money, month_text, percent

TEMPLATES = (
    "unlock",
    "convertible",
    "meeting",
    "subsidy",
    "wealth",
    "release",
    "auction",
    "nav",
    "output",
    "guarantee",
)
_AMOUNTS = (
    ("1.5亿元", "15亿元"),
    ("2.8亿元", "28亿元"),
    ("0.6亿元", "6亿元"),
    ("3.2亿元", "32亿元"),
    ("1.2亿元", "12亿元"),
)


def family_member(desk: Desk, template: str) -> Draft:
    """One announcement from `template`, about another company, day and amount than its siblings."""
    company, published = desk.company(f"family {template}"), desk.between(FIRST_DAY, LAST_DAY)
    facts = _facts(desk, company) | {
        "date": day_text(published + timedelta(days=3)), "date0": day_text(published - timedelta(days=91)),
        "mon": month_text(published),
    }  # fmt: skip
    fund = desk.pick(desk.world.funds)
    facts |= {"fund": f"{fund.name}（{fund.code}）", "house": fund.house}
    text = desk.words.say("families", template, facts)
    title = text.split("：")[0]
    return Draft(
        f"family {template}", title, text, published, "交易所公告", kind="template_family", detail=template
    )


def _facts(desk: Desk, company: Company) -> dict[str, str]:
    rng, words = desk.rng, desk.words
    price = company.price * rng.uniform(0.9, 1.2)
    value = rng.uniform(0.7, 2.8)
    shares = round(company.shares * rng.uniform(0.02, 0.3))
    scope = {"industry": company.industry}
    return {
        "c": company.name, "full": company.full, "code": company.code, "brand": company.brand,
        "city": company.city, "province": company.province, "chair": company.chair, "sec": company.secretary,
        "industry": company.industry, "exchange": f"{company.province[:2]}环境能源交易所",
        "broker": desk.name("brokers"), "bank": desk.name("banks"), "n": f"{shares:,}",
        "n2": f"{shares * 9 // 10:,}", "n3": f"{shares * 6:,}", "pct": percent(shares, company.shares),
        "pct2": f"{rng.uniform(-20, 30):.2f}", "tons": str(rng.randrange(80, 900)),
        "k": str(rng.randrange(3, 40)), "px": f"{price:.2f}", "px0": f"{price * 1.012:.2f}",
        "amount": money(rng.randrange(1200, 90000, 100) // 100 * 100),
        "income": f"{rng.uniform(90000, 2600000):,.2f}", "nav": f"{value:.4f}", "cum": f"{value + 0.31:.4f}",
        "scale": f"{rng.uniform(1, 60):.2f}", "holder": f"{company.city[:2]}{desk.name('holders')}控股集团",
        "nth": rng.choice("四五六七"), "months": rng.choice(("12", "24", "36")),
        "r1": words.say(company.industry, "up", scope),
        "project": words.say(company.industry, "project", scope),
    }  # fmt: skip


def amount_twins(desk: Desk) -> tuple[Draft, Draft]:
    """Two texts that differ in one amount only, ten times the other: 1.5亿元 and 15亿元."""
    company, published = desk.company("twin"), desk.between(FIRST_DAY, LAST_DAY)
    small, large = desk.pick(_AMOUNTS)
    facts = _facts(desk, company) | {"date": day_text(published), "amount": "<amount>"}
    text = desk.words.say("twin", "text", facts)
    title = text.split("：")[0]
    first, second = (
        Draft(
            "twin",
            title,
            text.replace("<amount>", amount),
            published,
            "交易所公告",
            "amount_twin",
            detail=amount,
        )
        for amount in (small, large)
    )
    second.of = first
    return first, second
