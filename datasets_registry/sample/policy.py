"""Carbon market and environment: allocation, prices, CCER, green certificates, disclosure, breaches."""

from collections.abc import Sequence
from datetime import date, timedelta

from datasets_registry.sample.drafts import Desk, Draft
from datasets_registry.sample.figures import day_text, money, month_text, signed, whole

_YEARS = (2023, 2024, 2025)
_MONTHS = tuple(date(year, month, 1) for year in (2024, 2025, 2026) for month in range(1, 13))[:33]
_OFFICE = "生态环境厅"
_CORRECTING = 3
"""As many provinces, the last ones, correct their totals; no breach is told of them."""


def _place(desk: Desk) -> dict[str, str]:
    number = desk.rng.randrange(len(desk.world.names("cities")))
    province = desk.world.names("provinces")[number // 4]
    city = desk.world.names("cities")[number] + "市"
    return {"province": province, "city2": city, "exchange": f"{province[:2]}环境能源交易所"}


def allocation(desk: Desk) -> Draft:
    """配额分配方案: how much, to whom, by when."""
    facts, published = _allocation(desk, desk.world.names("carbon_provinces")[:-_CORRECTING])
    desk.settle(f"deadline {facts['province']} {facts['yr']}", facts["end"])
    return desk.write("allocation", facts, published, facts["province"] + _OFFICE)


def corrected_allocation(desk: Desk) -> tuple[Draft, Draft]:
    """配额分配方案 and the later notice with another total."""
    facts, published = _allocation(desk, desk.world.names("carbon_provinces")[-_CORRECTING:])
    first = desk.write("allocation", facts, published, facts["province"] + _OFFICE)
    later = desk.after(published, 40, 90)
    facts |= {
        "date0": day_text(published), "date": day_text(later), "quota0": facts["quota"], "end0": facts["end"],
        "quota": f"{round(float(facts['quota']) * desk.pick((0.94, 0.96, 0.97, 0.98))):d}",
        "end": day_text(desk.after(later, 100, 140)), "n": str(desk.rng.randrange(4, 23)),
    }  # fmt: skip
    return first, desk.correct(first, facts, later)


def _allocation(desk: Desk, provinces: Sequence[str]) -> tuple[dict[str, str], date]:
    while True:
        province, year = desk.pick(provinces), desk.pick(_YEARS)
        if desk.claim(f"allocation {province} {year}"):
            break
    published = desk.between(date(year + 1, 3, 5), date(year + 1, 7, 20))
    quota = desk.rng.randrange(6800, 31000, 10)
    return {
        "province": province, "yr": str(year), "date": day_text(published), "sector": desk.name("sectors"),
        "thr": desk.pick(("5000", "10000", "20000", "26000")), "firms": str(desk.rng.randrange(118, 460)),
        "quota": str(quota), "auction": str(desk.pick((3, 4, 5, 6, 8, 10))), "reserve": str(quota // 20),
        "cut": f"{desk.rng.uniform(0.8, 4.5):.1f}", "coef": f"{desk.rng.uniform(0.95, 0.995):.3f}",
        "pre": str(desk.pick((60, 70, 80))), "off": str(desk.pick((3, 5, 8, 10))),
        "report": day_text(desk.after(published, 20, 40)), "end": day_text(desk.after(published, 110, 165)),
    }, published  # fmt: skip


def carbon_price(desk: Desk) -> Draft:
    """碳市场周报: price and volume of allowances and CCER in one week."""
    while True:
        place, week = _place(desk), desk.rng.randrange(145)
        if desk.claim(f"carbonprice {place['province']} {week}"):
            break
    monday = date(2024, 1, 8) + timedelta(weeks=week)
    friday = monday + timedelta(days=4)
    price = round(42 + week * 0.22 + desk.rng.uniform(-7, 7), 2)
    volume, offset = round(desk.rng.uniform(6, 88), 2), round(price * desk.rng.uniform(0.62, 0.9), 2)
    tons = round(desk.rng.uniform(1.2, 19), 1)
    company = desk.company("carbonprice")
    facts = desk.about(company, friday) | place | {
        "start": day_text(monday), "end": day_text(friday), "px": f"{price:.2f}", "vol": f"{volume:.2f}",
        "amt": f"{price * volume:,.2f}", "px_move": signed(desk.rng.uniform(-4, 4), 2),
        "block": f"{desk.rng.uniform(18, 76):.1f}", "cvol": f"{desk.rng.uniform(0.8, 16):.2f}",
        "cpx": f"{offset:.2f}", "disc": f"{price - offset:.2f}", "cn": str(tons),
        "camt": f"{tons * price:,.1f}", "lo": str(int(price) - 3), "hi": str(int(price) + 4),
    }  # fmt: skip
    return desk.write("carbonprice", facts, friday, facts["exchange"])


def ccer_project(desk: Desk) -> Draft:
    """CCER项目公示: what it is, what it saves, who verifies it."""
    place, company = _place(desk), desk.company("ccer")
    published = desk.between(date(2024, 2, 1), date(2026, 9, 30))
    method = desk.name("methods")
    size, factor = desk.rng.randrange(60, 480), desk.rng.uniform(380, 920)
    unit = {"造林碳汇": "百亩林地", "红树林营造": "公顷红树林", "公路隧道照明节能": "千米隧道"}.get(
        method, "兆瓦装机"
    )
    saved = round(size * factor)
    price = round(desk.rng.uniform(36, 78), 2)
    low = desk.rng.uniform(3.5, 6)
    facts = desk.about(company, published) | place | {
        "name": f"{place['city2'][:2]}{company.brand}{method.removeprefix('并网')}项目",
        "owner": company.full, "start": day_text(desk.between(date(2022, 3, 1), date(2023, 12, 20))),
        "scale": f"{size}{unit}", "meth": method, "er": f"{saved:,}",
        "yrs": desk.pick(("10", "15", "20", "40")), "cpx": f"{price:.2f}",
        "income": f"{saved * price / 10000:,.2f}", "loan": str(desk.rng.randrange(35, 71)),
        "amount": money(whole(size * desk.rng.randrange(90, 400))), "verifier": desk.name("verifiers"),
        "end": day_text(published + timedelta(days=20)), "irr0": f"{low:.2f}",
        "irr1": f"{low + desk.rng.uniform(1.2, 3.4):.2f}",
    }  # fmt: skip
    return desk.write("ccer", facts, published, "自愿减排注册登记系统")


def green_certificates(desk: Desk) -> Draft:
    """绿证月报: issued, traded, at what price, by whom."""
    while True:
        place, month = _place(desk), desk.pick(_MONTHS)
        if desk.claim(f"greencert {place['province']} {month}"):
            break
    published = desk.after((month + timedelta(days=31)).replace(day=1), 6, 18)
    company, volume = desk.company("greencert"), desk.rng.uniform(20, 180)
    facts = desk.about(company, published) | place | {
        "mon": month_text(month), "vol": f"{volume:.1f}",
        "issue": f"{volume * desk.rng.uniform(1.1, 2.4):.1f}", "px": f"{desk.rng.uniform(1.2, 7.8):.2f}",
        "px_move": signed(desk.rng.uniform(-15, 18)), "kwh": f"{desk.rng.uniform(3, 46):.2f}",
        "prem": f"{desk.rng.uniform(6, 32):.2f}", "wind": str(desk.rng.randrange(31, 72)),
        "bn": f"{desk.rng.uniform(1, 14):.1f}", "ratio": str(desk.pick((25, 30, 40, 50, 60))),
    }  # fmt: skip
    return desk.write("greencert", facts, published, f"{facts['province']}电力交易中心")


def disclosure(desk: Desk) -> Draft:
    """环境信息披露名单: who must disclose what by when, or be fined."""
    while True:
        place, year = _place(desk), desk.pick((2024, 2025, 2026))
        if desk.claim(f"disclosure {place['city2']} {year}"):
            break
    published = desk.between(date(year, 3, 4), date(year, 4, 20))
    one, two = desk.rng.sample(desk.world.companies, 2)
    firms = desk.rng.randrange(60, 340)
    heavy = round(firms * desk.rng.uniform(0.5, 0.75))
    low = desk.pick((1, 2, 3, 5))
    facts = desk.about(one, published) | place | {
        "yr": str(year), "org": f"{place['city2']}生态环境局", "firms": str(firms), "k1": str(heavy),
        "k2": str(desk.rng.randrange(4, 24)), "inc": str(desk.rng.randrange(2, 30)), "c2": two.name,
        "end": day_text(desk.between(date(year, 5, 11), date(year, 7, 15))),
        "days": desk.pick(("三", "七", "十")), "f1": str(low), "f2": str(low * desk.pick((4, 5, 10))),
        "bk": str(desk.rng.randrange(5, 22)),
    }  # fmt: skip
    return desk.write("disclosure", facts, published, facts["org"])


def breach(desk: Desk) -> Draft:
    """未清缴配额: how many did, who did not, what it cost."""
    company = desk.company("breach")
    province = company.province
    year = desk.pick(_YEARS)
    deadline = (
        desk.between(date(year + 1, 11, 12), date(year + 1, 12, 20)) if year < 2025 else date(2026, 9, 30)
    )
    published = desk.after(deadline, 5, 20)
    gap, price = desk.rng.randrange(2600, 88000, 10), desk.rng.uniform(48, 88)
    facts = desk.about(company, published, good=False) | {
        "province": province, "city2": company.city, "yr": str(year),
        "end": desk.settle(f"deadline {province} {year}", day_text(deadline)),
        "rate": desk.settle(f"rate {province} {year}", f"{desk.rng.uniform(95.5, 99.8):.1f}"),
        "n": desk.settle(f"breaches {province} {year}", str(desk.rng.randrange(6, 14))), "gap": f"{gap:,}",
        "px": f"{price:.2f}", "fine": f"{gap * price * 5 / 10000:,.2f}", "x1": "5", "x2": "10",
        "fix": day_text(desk.after(published, 20, 45)),
    }  # fmt: skip
    return desk.write("breach", facts, published, desk.name("media"))
