"""The invented world of the sample: companies and their accounts, funds, people and places, from one seed.

Codes have the right form but lie outside the ranges that the exchanges have issued: 607xxx.SH, 686xxx.SH,
006xxx.SZ, 307xxx.SZ, 878xxx.BJ, and 986xxx for funds.
"""

import random
from dataclasses import dataclass
from datetime import date

from datasets_registry.sample.figures import whole
from datasets_registry.sample.wording import load_banks

FIRST_YEAR = 2022
QUARTERS = 19
"""Accounts run from the first quarter of 2022 to the third of 2026."""

_BOARDS = (("607", ".SH"), ("006", ".SZ"), ("307", ".SZ"), ("686", ".SH"), ("878", ".BJ"))


@dataclass(frozen=True)
class Period:
    """The year's first `quarters` quarters: how accounts are reported."""

    year: int
    quarters: int

    @property
    def text(self) -> str:
        """`2025年前三季度`."""
        return f"{self.year}年" + ("第一季度", "上半年", "前三季度", "度")[self.quarters - 1]

    @property
    def end(self) -> date:
        """The last day of the period."""
        return date(self.year, self.quarters * 3, (31, 30, 30, 31)[self.quarters - 1])

    @property
    def before(self) -> "Period":
        """The same quarters of the year before."""
        return Period(self.year - 1, self.quarters)


@dataclass(frozen=True)
class Company:
    """A listed company: money in 万元, shares in 万股, `revenue` and `profit` from `FIRST_YEAR` on."""

    name: str
    full: str
    brand: str
    code: str
    industry: str
    industry_name: str
    city: str
    province: str
    chair: str
    secretary: str
    shares: int
    price: float
    revenue: tuple[int, ...]
    profit: tuple[int, ...]

    def revenue_in(self, period: Period) -> int:
        """Revenue of `period`."""
        return sum(self.revenue[self._quarters(period)])

    def profit_in(self, period: Period) -> int:
        """Net profit of `period`, rounded as it is printed."""
        return whole(sum(self.profit[self._quarters(period)]))

    def _quarters(self, period: Period) -> slice:
        start = (period.year - FIRST_YEAR) * 4
        return slice(start, start + period.quarters)


@dataclass(frozen=True)
class Fund:
    """A public fund."""

    name: str
    code: str
    house: str
    manager: str


class World:
    """Everything that documents talk about; built once, so that the facts agree across documents."""

    def __init__(self, rng: random.Random) -> None:
        banks = load_banks()
        names = banks["names"]
        self._rng = rng
        self._lists = {key: value.split() for key, value in names.items() if isinstance(value, str)}
        self._taken: set[str] = set()
        prices = names["prices"]
        suffixes = names["suffixes"]
        assert isinstance(prices, dict) and isinstance(suffixes, dict)
        self.prices: dict[str, tuple[str, str, float, float]] = {
            industry: (product, unit, float(low), float(high))
            for industry, (product, unit, low, high) in ((k, v.split()) for k, v in prices.items())
        }
        self.industry_names = {key: str(banks[key]["name"]) for key in suffixes}
        self.companies = self._found_companies({key: value.split() for key, value in suffixes.items()})
        self.funds = self._found_funds()

    def names(self, key: str) -> list[str]:
        """One of the lists of `names.yaml`."""
        return self._lists[key]

    def every_name(self) -> set[str]:
        """Names that tell one matter from another: companies, funds, people, places, institutions."""
        names = set(self._taken)
        for key in ("provinces", "cities", "brokers", "houses", "banks", "holders", "verifiers", "countries"):
            names.update(self._lists[key])
        for kinds in ("holder_kinds", "party_kinds"):
            names.update(self._lists[kinds])
        for company in self.companies:
            names |= {company.full, company.name, company.brand}
        return names | {fund.name for fund in self.funds}

    def person(self) -> str:
        """A person whom nobody met before."""
        while True:
            name = self._rng.choice(self._lists["surnames"]) + self._rng.choice(self._lists["given"])
            if name not in self._taken:
                self._taken.add(name)
                return name

    def _found_companies(self, suffixes: dict[str, list[str]]) -> list[Company]:
        rng, brands = self._rng, list(self._lists["brands"])
        rng.shuffle(brands)
        cities, provinces = self._lists["cities"], self._lists["provinces"]
        companies = []
        for number, brand in enumerate(brands):
            industry = sorted(suffixes)[number % len(suffixes)]
            suffix = suffixes[industry][number // len(suffixes) % 2]
            place = rng.randrange(len(cities))
            prefix, market = _BOARDS[rng.choice((0, 0, 1, 1, 2, 2, 3, 4))]
            revenue, profit = self._accounts()
            earnings = rng.uniform(0.25, 2.4)
            shares = min(max(round(sum(profit[12:16]) / earnings / 50) * 50, 9000), 380000)
            price = min(max(sum(profit[8:16]) / 2 / shares * rng.uniform(15, 34), rng.uniform(3.2, 9)), 160)
            companies.append(
                Company(
                    name=brand + suffix,
                    full=f"{cities[place]}{brand}{suffix}股份有限公司",
                    brand=brand,
                    code=f"{prefix}{100 + number * 7 + rng.randrange(7):03d}{market}",
                    industry=industry,
                    industry_name=self.industry_names[industry],
                    city=cities[place] + "市",
                    province=provinces[place // 4],
                    chair=self.person(),
                    secretary=self.person(),
                    shares=shares,
                    price=round(price, 2),
                    revenue=revenue,
                    profit=profit,
                )
            )
        return companies

    def _accounts(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        rng = self._rng
        base = rng.uniform(18000, 420000)
        margin = rng.uniform(0.04, 0.2)
        season = [rng.uniform(0.8, 1.2) for _ in range(4)]
        revenue, profit = [], []
        for quarter in range(QUARTERS):
            if quarter % 4 == 0:
                base *= rng.uniform(0.86, 1.32)
                margin = margin * rng.uniform(0.75, 1.3) - (0.14 if rng.random() < 0.09 else 0)
                margin = min(max(margin, -0.12), 0.24) if margin < 0.01 else min(margin, 0.24)
            sales = round(base * season[quarter % 4] * rng.uniform(0.94, 1.07) / 100) * 100
            revenue.append(sales)
            profit.append(round(sales * (margin + rng.uniform(-0.008, 0.008))))
            if quarter % 4 == 3 and margin < 0:
                margin = rng.uniform(0.02, 0.09)
        return tuple(revenue), tuple(profit)

    def _found_funds(self) -> list[Fund]:
        rng = self._rng
        funds: list[Fund] = []
        for house in self._lists["houses"]:
            for theme in self._lists["fund_themes"]:
                name = house.removesuffix("基金") + theme + rng.choice(self._lists["fund_types"])
                funds.append(Fund(name, f"986{len(funds) * 9 + 105:03d}", house, self.person()))
        rng.shuffle(funds)
        return funds
