"""Long documents: annual reports and collections of other texts, and pairs that share only a long head."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from datasets_registry.sample.banking import relending
from datasets_registry.sample.business import contract, inquiry_reply, investment
from datasets_registry.sample.companies import Company, Period
from datasets_registry.sample.drafts import LAST_DAY, Ask, Desk, Draft
from datasets_registry.sample.equity import reduction
from datasets_registry.sample.figures import day_text, money, month_text, move, percent, points, table, whole
from datasets_registry.sample.news import change_of_people, overseas_order, penalty, plant_opening, survey

SHORT_ITEMS: tuple[Callable[[Desk], Draft], ...] = (
    contract, investment, inquiry_reply, reduction, relending,
    change_of_people, overseas_order, penalty, plant_opening, survey,
)  # fmt: skip
"""Authors about companies: each company is left for some of them when all other documents are written."""


def collection(desk: Desk, items: Sequence[Draft]) -> Draft:
    """A document that quotes `items` in full."""
    media, broker = desk.name("media"), desk.name("brokers")
    facts = {"media": media, "broker": broker, "n": str(desk.rng.randrange(3, 120)), "k": str(len(items))}
    parts = [desk.words.say("digest", "intro", facts)]
    for number, item in enumerate(items, start=1):
        parts.append(f"{number}. {item.title}（{day_text(item.published)}）\n{item.text}")
    published = max(item.published for item in items) + timedelta(days=desk.rng.randrange(1, 6))
    title = desk.words.say("digest", "title", facts)
    return Draft("collection", title, "\n\n".join(parts), published, media, detail="long")


def fresh_collection(desk: Desk) -> Draft:
    """A collection of texts that stand nowhere else."""
    return collection(
        desk, [author(desk) for author in desk.rng.sample(SHORT_ITEMS, desk.rng.randrange(7, 11))]
    )


def annual_report(desk: Desk) -> Draft:
    """A digest of an annual report of 3,000 to 8,000 characters."""
    company, year = desk.company("report"), desk.pick((2023, 2024, 2025))
    published = desk.between(date(year + 1, 4, 1), date(year + 1, 4, 29))
    facts = _report_facts(desk, company, year, published)
    words = desk.words
    market = [words.say("report", "market", facts) for _ in range(4)]
    chapters = [
        ("公司业务概要", [words.say("report", "intro", facts)]),
        ("主要会计数据", [words.say("report", "finance", facts), facts["table"]]),
        ("行业与市场", market),
        ("主营业务分产品情况", _products(desk, company, facts)),
        ("研发与在建项目", [words.say("report", role, facts) for role in ("rnd", "capacity")]),
        ("环境信息", [words.say("report", "carbon", facts)]),
        ("公司治理与员工", [words.say("report", role, facts) for role in ("gov", "people")]),
        ("可能面对的风险", [words.say("report", "risks", facts) for _ in range(desk.rng.randrange(4, 8))]),
        ("未来发展的展望", [words.say("report", "outlook", facts)]),
        ("其他重要事项", [words.say("company", "more", facts) for _ in range(desk.rng.randrange(12, 24))]),
    ]
    lines = []
    for number, (heading, paragraphs) in enumerate(chapters):
        lines += [f"{'一二三四五六七八九十'[number]}、{heading}", *paragraphs]
    query, answer = words.say("report", "ask", facts).split(" => ")
    title = words.say("report", "title", facts)
    draft = Draft("report", title, "\n".join(lines), published, "交易所公告", detail="long")
    draft.asks.append(Ask(query, answer))
    return draft


def _report_facts(desk: Desk, company: Company, year: int, published: date) -> dict[str, str]:
    rng, period = desk.rng, Period(year, 4)
    sales, profit = company.revenue_in(period), company.profit_in(period)
    years = [Period(y, 4) for y in range(max(year - 2, 2022), year + 1)]
    rows = [("项目", *(f"{one.year}年" for one in years)),
            ("营业收入", *(money(company.revenue_in(one)) for one in years)),
            ("归母净利润", *(money(company.profit_in(one)) for one in years))]  # fmt: skip
    research = whole(round(sales * rng.uniform(0.015, 0.09)))
    return desk.about(company, published) | {
        "fy": str(year), "ny": str(year + 1), "rev": money(sales), "profit_amt": money(profit),
        "rev_move": move(sales, company.revenue_in(period.before)),
        "profit_move": move(profit, company.profit_in(period.before)),
        "cash": money(whole(round(profit * 0.85 + 1200))), "table": table(rows, 0), "rd": money(research),
        "rdp": percent(research, sales), "staff": str(rng.randrange(90, 900)),
        "patents": str(rng.randrange(6, 140)), "amount": money(whole(round(sales * rng.uniform(0.05, 0.2)))),
        "project": desk.words.say(company.industry, "project", {}), "prog": str(rng.randrange(20, 96)),
        "capacity": f"{rng.randrange(10, 300) / 10}{desk.words.say(company.industry, 'unit', {})}",
        "end": month_text(desk.after(published, 200, 600)), "ghg": f"{rng.randrange(12000, 980000, 10):,}",
        "gdrop": f"{rng.uniform(1, 9):.1f}", "green": f"{rng.randrange(200, 9000):,}",
        "quota": f"{rng.randrange(300, 42000):,}", "m1": str(rng.randrange(2, 5)),
        "m2": str(rng.randrange(6, 14)), "m3": str(rng.randrange(8, 22)), "m4": str(rng.randrange(5, 60)),
        "emp": f"{rng.randrange(800, 16000):,}", "ep": str(rng.randrange(48, 76)),
        "wage": f"{rng.uniform(9, 28):.1f}", "wg": f"{rng.uniform(1, 9):.1f}",
        "target": money(whole(round(sales * rng.uniform(1.05, 1.25)))),
        "capex": money(whole(round(sales * 0.11))),
    }  # fmt: skip


def _products(desk: Desk, company: Company, facts: dict[str, str]) -> list[str]:
    sales = company.revenue_in(Period(int(facts["fy"]), 4))
    shares = sorted((desk.rng.uniform(0.08, 0.24) for _ in range(4)), reverse=True)
    paragraphs = []
    for part in shares:
        revenue, rise = whole(round(sales * part)), desk.rng.uniform(-6, 6)
        own = {
            "item": desk.words.say(company.industry, "products", {}), "pr": money(revenue),
            "ps": percent(revenue, sales), "pg": f"{desk.rng.uniform(8, 44):.2f}", "pd": points(rise),
            "reason": desk.words.say(company.industry, "up" if rise > 0 else "down", {}),
        }  # fmt: skip
        paragraphs.append(desk.words.say("report", "product", facts | own))
    return paragraphs


def same_head_pair(desk: Desk) -> tuple[Draft, Draft]:
    """Two documents that agree in their first 500 characters and in nothing else."""
    facts = {
        "broker": desk.name("brokers"), "house": desk.name("houses"), "p1": desk.world.person(),
        "p2": desk.world.person(), "icp": str(desk.rng.randrange(10**7, 10**8)),
        "sec": str(desk.rng.randrange(10**5, 10**6)),
    }  # fmt: skip
    head = desk.words.say("head", "text", facts)
    published = LAST_DAY - timedelta(days=desk.rng.randrange(60))
    pair = []
    for _ in range(2):
        items: list[Draft] = []
        while sum(len(item.text) for item in items) < 1100:
            items.append(desk.pick(SHORT_ITEMS)(desk))
        text = "\n".join([head, *(f"{item.title}\n{item.text}" for item in items)])
        pair.append(Draft("head", items[0].title, text, published, facts["broker"], kind="same_head"))
    pair[1].of = pair[0]
    return pair[0], pair[1]
