"""Fund notices: launches, limits, quarterly reports, changes of manager."""

from datetime import date, timedelta

from datasets_registry.sample.companies import Fund, Period
from datasets_registry.sample.drafts import FIRST_DAY, LAST_DAY, Desk, Draft
from datasets_registry.sample.figures import day_text

_PERIODS = tuple((year, quarter) for year in (2024, 2025, 2026) for quarter in (1, 2, 3, 4))[:11]


def _fund(desk: Desk, topic: str, published: date) -> tuple[Fund, dict[str, str]]:
    funds = desk.world.funds if topic != "launch" else reversed(desk.world.funds)
    fund = next(one for one in funds if desk.claim(f"{topic} {one.code}"))
    industries = desk.rng.sample(sorted(desk.world.industry_names), 2)
    favourite = desk.pick([one for one in desk.world.companies if one.industry == industries[0]])
    about = desk.about(favourite, published)
    return fund, about | {
        "fund": fund.name, "fcode": fund.code, "house": fund.house, "manager": fund.manager,
        "industry_name2": desk.world.industry_names[industries[1]],
        "bank": desk.settle(f"custodian {fund.code}", desk.name("banks")), "c1": favourite.name,
        "scale": f"{desk.rng.uniform(1.2, 88):.2f}",
        "asof": day_text(published - timedelta(days=desk.rng.randrange(3, 20))),
        "ret": f"{desk.rng.uniform(9, 46):.2f}",
    }  # fmt: skip


def fund_launch(desk: Desk) -> Draft:
    """基金成立: money raised, manager, fees."""
    published = desk.between(FIRST_DAY, LAST_DAY)
    fund, facts = _fund(desk, "launch", published)
    raised, low = desk.rng.uniform(2.1, 42), desk.pick((0, 20, 30, 60))
    facts |= {
        "raise": f"{raised:.2f}", "accounts": f"{round(raised * desk.rng.uniform(120, 900)):,}",
        "days": str(desk.rng.randrange(4, 40)), "own": f"{desk.rng.randrange(1000, 3000, 100):,}",
        "staff": f"{desk.rng.uniform(12, 160):.2f}", "low": str(low), "high": str(min(low + 35, 95)),
        "fee": desk.pick(("0.60", "0.80", "1.00", "1.20")), "cust": desk.pick(("0.10", "0.15", "0.20")),
        "open_date": day_text(desk.after(published, 40, 90)),
    }  # fmt: skip
    return desk.write("launch", facts, published, fund.house)


def purchase_limit(desk: Desk) -> Draft:
    """限制大额申购."""
    published = desk.between(FIRST_DAY, LAST_DAY)
    fund, facts = _fund(desk, "fundlimit", published)
    facts["cap"] = desk.pick(("1", "2", "5", "10", "20", "50", "100"))
    return desk.write("fundlimit", facts, published, fund.house)


def corrected_purchase_limit(desk: Desk) -> tuple[Draft, Draft]:
    """限制大额申购 and the later change of the limit."""
    published = desk.between(FIRST_DAY, date(2026, 5, 29))
    fund, facts = _fund(desk, "fundlimit", published)
    facts["cap"] = desk.pick(("5", "10", "20", "50"))
    first = desk.write("fundlimit", facts, published, fund.house)
    later = desk.after(published, 50, 150)
    facts |= {
        "cap0": facts["cap"], "cap": desk.pick(("1", "2", "100", "200")), "date0": facts["date"],
        "date": day_text(later), "asof": day_text(later - timedelta(days=4)),
        "scale": f"{float(facts['scale']) * desk.rng.uniform(0.6, 1.6):.2f}",
    }  # fmt: skip
    return first, desk.correct(first, facts, later)


def quarterly_report(desk: Desk) -> Draft:
    """基金季报: performance, holdings, the manager's view."""
    year, quarter = desk.pick(_PERIODS)
    end = Period(year, quarter).end
    published = desk.after(end, 12, 24)
    fund, facts = _fund(desk, "quarterly", published)
    two, three = desk.rng.sample([one for one in desk.world.companies if one.name != facts["c1"]], 2)
    result = desk.rng.uniform(-11, 15)
    facts |= {
        "period": f"{year}年{'一二三四'[quarter - 1]}季度", "asof": day_text(end), "ret": f"{result:.2f}",
        "bench": f"{result * 0.6 + desk.rng.uniform(-3, 3):.2f}", "nav": f"{desk.rng.uniform(0.72, 2.9):.4f}",
        "pos": f"{desk.rng.uniform(62, 94):.2f}", "top": f"{desk.rng.uniform(33, 68):.2f}", "c2": two.name,
        "c3": three.name, "pctile": str(desk.rng.randrange(5, 80)), "inst": f"{desk.rng.uniform(4, 83):.1f}",
    }  # fmt: skip
    return desk.write("quarterly", facts, published, fund.house)


def manager_change(desk: Desk) -> Draft:
    """基金经理变更."""
    published = desk.between(FIRST_DAY, LAST_DAY)
    fund, facts = _fund(desk, "manager", published)
    years, result = desk.rng.uniform(1.2, 7), desk.rng.uniform(-18, 96)
    facts |= {
        "old": desk.world.person(), "reason": desk.name("reasons_leave"), "yrs": f"{years:.1f}",
        "ret": f"{result:.2f}", "ann": f"{((1 + result / 100) ** (1 / round(years, 1)) - 1) * 100:.2f}",
        "s0": f"{desk.rng.uniform(0.8, 30):.2f}", "exp": str(desk.rng.randrange(6, 19)),
        "aum": f"{desk.rng.uniform(6, 210):.2f}",
    }  # fmt: skip
    return desk.write("manager", facts, published, fund.house)
