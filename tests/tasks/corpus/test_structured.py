"""Records inside text are told from news that name the same fields."""

import gzip
import json
from pathlib import Path

import pytest

from tasks.corpus.structured import record_in_text, record_text


@pytest.mark.parametrize(
    "text",
    [
        "股票代码 000919 交易日期 2009-09-22 开盘价 3264.37 收盘价 3193.88 成交量 29825277",
        "基金代码：000001 基金名称：华夏成长混合 单位净值：1.2340 累计单位净值：3.5670",
        "代码: 600408, 名称: 安泰集团, 最新价: 2.97, 涨跌幅: 10.0, 最高: 2.97, 最低: 2.81",
        '{"代码": "600408", "最新价": "2.97", "今开": "2.84"}',
        "名字:立方制药,代码是:003020.SZ。数据如下：收盘价: 27.1, 换手率: 4.143, 开盘价: 26.69, 成交量: 29486.5",
    ],
)
def test_fields_with_values_make_a_record(text: str) -> None:
    assert record_in_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "截至收盘，该股收盘价10.5元，成交量3000万股，成交额3.2亿元，最高价10.8元。",
        "今日行情：收盘价：10.5 成交量：3000。分析人士认为，随着三季报陆续披露，板块后续走势仍取决于订单兑现的节奏。",
        "代码 名称 最新价 成交量",
        "收盘价 10.5",
        "",
    ],
)
def test_news_and_headings_are_no_records(text: str) -> None:
    assert not record_in_text(text)


def test_a_record_reads_as_one_line_in_its_own_order() -> None:
    record = {
        "代码": "600408",
        "最新价": 2.97,
        "停牌": False,
        "备注": None,
        "说明": "一\n二",
        "五档": [1, 2],
        "附": {"量": 3},
    }
    assert record_text(record) == "代码 600408 最新价 2.97 停牌 false 说明 一 二 五档 1 2 附 量 3"


def test_real_quotes_are_records_and_real_news_are_not(shared_data: Path) -> None:
    with gzip.open(shared_data / "docs" / "price_records.jsonl.gz") as lines:
        assert all(
            record_in_text(record_text(json.loads(line)["record"]))
            for line, _ in zip(lines, range(300), strict=False)
        )
    with gzip.open(shared_data / "docs" / "crud_news.jsonl.gz") as lines:
        assert not any(
            record_in_text(json.loads(line)["text"]) for line, _ in zip(lines, range(2000), strict=False)
        )
