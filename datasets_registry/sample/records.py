"""Structured rows: daily stock quotes and fund net values, as tables and web pages carry them."""

from datetime import date

from datasets_registry.records import JsonObject
from datasets_registry.sample.drafts import FIRST_DAY, LAST_DAY, Desk, Draft

_QUOTES = "行情数据"


def record(desk: Desk) -> Draft:
    """One structured row: a quote (three in five) or a net value; one in twenty is written as plain text."""
    day = desk.between(FIRST_DAY, LAST_DAY)
    title, fields = _quote(desk, day) if desk.rng.random() < 0.6 else _net_value(desk, day)
    if desk.rng.random() < 0.05:
        text = " ".join(f"{key}：{value}" for key, value in fields.items())
        return Draft("record", title, text, day, _QUOTES, kind="record", detail="text")
    return Draft("record", title, "", day, _QUOTES, kind="record", detail="fields", record=fields)


def _quote(desk: Desk, day: date) -> tuple[str, JsonObject]:
    company = desk.pick(desk.world.companies)
    start = company.price * desk.rng.uniform(0.7, 1.35)
    end = start * desk.rng.uniform(0.94, 1.06)
    volume = desk.rng.randrange(12000, 900000)
    fields: JsonObject = {
        "股票代码": company.code, "股票名称": company.name, "交易日期": day.isoformat(),
        "开盘价": round(start, 2), "最高价": round(max(start, end) * desk.rng.uniform(1, 1.03), 2),
        "最低价": round(min(start, end) * desk.rng.uniform(0.97, 1), 2), "收盘价": round(end, 2),
        "成交量": volume, "成交金额": round(volume * 100 * (start + end) / 2, 2),
    }  # fmt: skip
    return f"{company.name}（{company.code}）{day.isoformat()}行情", fields


def _net_value(desk: Desk, day: date) -> tuple[str, JsonObject]:
    fund = desk.pick(desk.world.funds)
    value = desk.rng.uniform(0.7, 3.1)
    fields: JsonObject = {
        "基金代码": fund.code, "基金名称": fund.name, "净值日期": day.isoformat(), "单位净值": f"{value:.4f}",
        "累计单位净值": f"{value + desk.rng.uniform(0, 0.9):.4f}",
        "资产净值": f"{desk.rng.uniform(0.6, 92) * 1e8:.2f}",
    }  # fmt: skip
    return f"{fund.name}（{fund.code}）{day.isoformat()}净值", fields
