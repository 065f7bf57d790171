"""Structured records: one that was written into a text, and one as a line of text."""

import re

from pydantic import JsonValue

from datasets_registry.records import JsonObject

FIELDS = (
    "股票代码",
    "代码",
    "基金代码",
    "交易日期",
    "收盘价",
    "最新价",
    "开盘价",
    "今开",
    "昨收",
    "最高价",
    "最高",
    "最低价",
    "最低",
    "成交量",
    "成交金额",
    "成交额",
    "单位净值",
    "累计单位净值",
    "资产净值",
)
"""The words that mark a record."""

VALUE = r"[\"'“”]?(?:[+-]?\d[\w.,:/%-]*|--|None|null|nan)[\"'”]?"
PAIR = re.compile(rf"(?<![\w-])([^\W\d][\w()（）%/-]{{0,19}})[\"'”]?(?:\s*[:：=]\s*|\s+|\s*[|｜]\s*){VALUE}")
"""A key and its numeric value, which something must part: 收盘价10.5元 in a sentence is none."""

FEWEST_FIELDS = 2
LONGEST_PROSE = 30
RECORD_SHARE = 0.5

PROSE = re.compile(rf"[\u4e00-\u9fff，、]{{{LONGEST_PROSE + 1}}}")


def record_in_text(text: str) -> bool:
    """Whether a text is a record: mostly fields with values, two of them known, and no prose."""
    if sum(field in text for field in FIELDS) < FEWEST_FIELDS:
        return False
    known: set[str] = set()
    covered = 0
    for match in PAIR.finditer(text):
        covered += len("".join(match.group().split()))
        if match[1] in FIELDS:
            known.add(match[1])
    if len(known) < FEWEST_FIELDS or PROSE.search(text):
        return False
    return covered >= RECORD_SHARE * len("".join(text.split()))


def record_text(record: JsonObject) -> str:
    """A record as one line, `键 值 键 值 ...`, in the record's own order; fields without a value are left out."""
    return " ".join(
        f"{key} {value}" for key, value in ((key, _value(value)) for key, value in record.items()) if value
    )


def _value(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return record_text(value)
    if isinstance(value, list):
        return " ".join(filter(None, map(_value, value)))
    return " ".join(str(value).split())
