"""Announcements about shares: buy-backs, sales and pledges by holders, incentive plans."""

from datetime import date, timedelta

from datasets_registry.sample.companies import Company, Period
from datasets_registry.sample.drafts import FIRST_DAY, LAST_DAY, Desk, Draft
from datasets_registry.sample.figures import day_text, money, percent, table, whole


def buyback(desk: Desk) -> Draft:
    """回购方案: an amount, a price limit, a purpose and an end."""
    company = desk.company("buyback")
    published = desk.between(FIRST_DAY, LAST_DAY - timedelta(days=20))
    facts = _buyback_facts(desk, company, published)
    return desk.write("buyback", facts, published, "交易所公告")


def buyback_progress(desk: Desk) -> tuple[Draft, Draft]:
    """Two monthly reports on one buy-back; the later one supersedes the totals of the earlier."""
    company = desk.company("buyback")
    start = desk.between(date(2024, 2, 5), date(2026, 5, 20))
    facts = _buyback_facts(desk, company, start)
    month_end = (start.replace(day=1) + timedelta(days=62)).replace(day=1) - timedelta(days=1)
    shares = desk.rng.randrange(90, 380) + desk.rng.randrange(100) / 100
    facts |= _bought(desk, company, shares, month_end)
    published = desk.after(month_end, 1, 4)
    first = desk.write("buyback_progress", facts | {"date": day_text(published)}, published, "交易所公告")
    next_end = (month_end + timedelta(days=62)).replace(day=1) - timedelta(days=1)
    later = desk.after(next_end, 1, 4)
    before = {f"{key}0": facts[key] for key in ("n", "spent")}
    facts |= before | _bought(desk, company, shares * desk.rng.uniform(1.3, 2.4), next_end)
    return first, desk.correct(first, facts | {"date": day_text(later)}, later)


def _buyback_facts(desk: Desk, company: Company, published: date) -> dict[str, str]:
    low = desk.pick((2000, 3000, 5000, 8000, 10000, 15000, 20000))
    high = low * 2
    cap = round(company.price * desk.rng.uniform(1.25, 1.5), 1)
    few, many = low / cap, high / cap
    months = desk.pick((3, 6, 12))
    profit = company.profit_in(Period(2025, 4))
    return desk.about(company, published) | {
        "low": money(low), "high": money(high), "cap_price": f"{cap:.2f}", "close": f"{company.price:.2f}",
        "prem": percent(cap - company.price, company.price, 1), "n_low": f"{few:,.2f}",
        "n_high": f"{many:,.2f}", "p_low": percent(few, company.shares),
        "p_high": percent(many, company.shares), "purpose_n": desk.name("purposes"), "months": str(months),
        "nth": desk.pick(("四", "五", "六", "七")), "end": day_text(published + timedelta(days=months * 30)),
        "assets": money(whole(company.revenue_in(Period(2025, 4)) * 2)),
        "equity": money(whole(company.revenue_in(Period(2025, 4)))), "loan": money(whole(high // 10 * 7)),
        "cashbal": money(whole(abs(profit) * 3 + 8800)),
    }  # fmt: skip


def _bought(desk: Desk, company: Company, shares: float, end: date) -> dict[str, str]:
    low, high = company.price * desk.rng.uniform(0.86, 0.94), company.price * desk.rng.uniform(1.02, 1.15)
    return {
        "asof": day_text(end), "n": f"{shares:,.2f}", "pct": percent(shares, company.shares),
        "spent": f"{shares * (low + high) / 2:,.2f}", "lo": f"{low:.2f}", "hi": f"{high:.2f}",
    }  # fmt: skip


def reduction(desk: Desk) -> Draft:
    """减持预披露: a holder's plan to sell, with limits, window and reason."""
    company = desk.company("reduction")
    published = desk.between(FIRST_DAY, LAST_DAY)
    held = round(company.shares * desk.rng.uniform(0.052, 0.14))
    total = round(company.shares * desk.pick((0.01, 0.015, 0.02, 0.03)))
    auction = total // 3
    start = published + timedelta(days=desk.rng.randrange(21, 26))
    holder = f"{company.city[:2]}{desk.name('holders')}{desk.name('holder_kinds')}"
    percentage = percent(held, company.shares)
    rows = [
        ("股东", "持股（万股）", "比例", "拟减持（万股）"),
        (holder, f"{held:,}", f"{percentage}%", f"{total:,}"),
    ]
    facts = desk.about(company, published) | {
        "holder": holder, "held": f"{held:,}", "held_pct": percentage, "n": f"{total:,}",
        "pct": percent(total, company.shares), "n_bid": f"{auction:,}", "n_block": f"{total - auction:,}",
        "rank": desk.pick(("二", "三", "四")), "why": desk.name("reasons_sell"), "start": day_text(start),
        "end": day_text(start + timedelta(days=90)), "table": table(rows, desk.rng.randrange(2)),
    }  # fmt: skip
    return desk.write("reduction", facts, published, "交易所公告")


def pledge(desk: Desk) -> Draft:
    """股份质押: what the controlling holder pledged now and in all."""
    company = desk.company("pledge")
    published = desk.between(FIRST_DAY, LAST_DAY)
    held = round(company.shares * desk.rng.uniform(0.22, 0.46))
    now = round(held * desk.rng.uniform(0.05, 0.2))
    total = now + round(held * desk.rng.uniform(0.05, 0.4))
    holder = f"{company.city[:2]}{desk.name('holders')}控股集团"
    creditor = desk.name(desk.pick(("brokers", "banks")))
    rows = [("股东", "质押股数（万股）", "占其持股", "占总股本", "质权人")]
    rows.append((holder, f"{now:,}", f"{percent(now, held)}%", f"{percent(now, company.shares)}%", creditor))
    facts = desk.about(company, published, desk.rng.random() < 0.6) | {
        "holder": holder, "n": f"{now:,}", "of_held": percent(now, held),
        "of_total": percent(now, company.shares), "pledgee": creditor,
        "end": day_text(desk.after(published, 330, 540)), "why": desk.name("reasons_pledge"),
        "held": f"{held:,}", "held_pct": percent(held, company.shares), "cum": f"{total:,}",
        "cum_pct": percent(total, held), "loan": money(whole(round(total * company.price * 0.4))),
        "table": table(rows, desk.rng.randrange(2)),
    }  # fmt: skip
    return desk.write("pledge", facts, published, "交易所公告")


def incentive(desk: Desk) -> Draft:
    """股权激励草案: shares, price, people and the growth that is asked of them."""
    company = desk.company("incentive")
    year = desk.pick((2024, 2025, 2026))
    published = desk.between(date(year, 2, 10), date(year, 10, 28))
    total = round(company.shares * desk.rng.uniform(0.008, 0.025))
    first = round(total * desk.pick((0.8, 0.85, 0.9)))
    average = round(company.price * desk.rng.uniform(0.95, 1.08), 2)
    goal, heads = desk.rng.randrange(8, 22), desk.rng.randrange(46, 620)
    facts = desk.about(company, published) | {
        "yr": str(year), "yr2": str(year + 2), "base_yr": str(year - 1), "n": f"{total:,}",
        "first": f"{first:,}", "rest": f"{total - first:,}", "pct": percent(total, company.shares),
        "px": f"{average / 2:.2f}", "avg": f"{average:.2f}", "heads": str(heads),
        "head_pct": str(desk.rng.randrange(4, 19)), "rev": money(company.revenue_in(Period(year - 1, 4))),
        "g1": str(goal), "g2": str(goal * 2 + 3), "g3": str(goal * 3 + 9),
        "fee": f"{round(total * average / 2):,}", "meet": day_text(desk.after(published, 18, 35)),
    }  # fmt: skip
    return desk.write("incentive", facts, published, "交易所公告")
