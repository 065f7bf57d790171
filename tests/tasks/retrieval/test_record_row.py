"""A record says which security and which day it is about, whatever its fields are called and however it is written."""

from typing import cast

import pytest

from datasets_registry.records import Document, JsonObject
from tasks.retrieval.record_row import record_row


def document(record: dict[str, object] | None, contents: str = "", published: str | None = None) -> Document:
    metadata = cast(
        JsonObject, {"input_file": "q.jsonl", "input_line": 7, "kind": "quote", "tenant": "bank-a"}
    )
    return Document(
        "r", contents, "", published, "s", metadata | cast(JsonObject, {"record": record} if record else {})
    )


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"股票代码": "002851", "交易日期": "20190125"}, ("002851", "", "2019-01-25")),
        (
            {"序号": "9", "代码": "00700", "名称": "腾讯控股", "日期": "2025/1/3"},
            ("00700", "腾讯控股", "2025-01-03"),
        ),
        (
            {"基金代码": 161725, "基金名称": " 白酒 ", "净值日期": "2024年3月5日"},
            ("161725", "白酒", "2024-03-05"),
        ),
        ({"代码": "甲", "股票代码": "", "名称": None, "交易日期": "昨天"}, ("甲", "", None)),
        ({"单位净值": "1.02"}, ("", "", None)),
    ],
)
def test_fields(record: dict[str, object], expected: tuple[str, str, str | None]) -> None:
    row = record_row(document(record))
    assert (row.code, row.name, row.date) == expected
    assert row.fields == record
    assert (row.file, row.line, row.kind, row.tenant) == ("q.jsonl", 7, "quote", "bank-a")


@pytest.mark.parametrize(
    "text",
    [
        "股票代码：002851 股票名称：麦格米特 交易日期：2019-01-25 收盘价：21.5",
        "股票代码 002851 股票名称 麦格米特 交易日期 20190125 收盘价 21.5",
        'node id: 0a text: "股票代码": "002851", "股票名称": "麦格米特", "交易日期": "2019-01-25"',
        "| 交易日期 | 2019/01/25 | 股票名称 | 麦格米特 | 股票代码 | 002851 |",
    ],
)
def test_records_written_as_text(text: str) -> None:
    row = record_row(document(None, text))
    assert (row.code, row.name, row.date) == ("002851", "麦格米特", "2019-01-25")
    assert (row.contents, row.fields) == (text, {})


@pytest.mark.parametrize(
    ("own", "published", "day", "known"),
    [
        ("2024-03-05", "2024-03-07", "2024-03-05", "2024-03-07"),
        ("2024-03-05", "2024-03-01", "2024-03-05", "2024-03-05"),
        ("2024-03-05", None, "2024-03-05", "2024-03-05"),
        ("", "2024-03-01", "2024-03-01", "2024-03-01"),
        ("", None, None, None),
    ],
)
def test_a_row_is_known_when_it_was_published_and_its_day_has_come(
    own: str, published: str | None, day: str | None, known: str | None
) -> None:
    row = record_row(document({"代码": "1", "交易日期": own}, published=published))
    assert (row.date, row.known) == (day, known)
