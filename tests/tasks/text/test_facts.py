"""Codes, quantities, dates and parties are found in their many forms."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.text.facts import find_facts


def _facts(text: str) -> list[tuple[str, str, str]]:
    return [(fact.kind, fact.value, text[fact.start : fact.end]) for fact in find_facts(text)]


def _values(text: str) -> list[str]:
    return [fact.value for fact in find_facts(text)]


def test_a_news_sentence_yields_its_facts_in_order() -> None:
    assert _facts(
        "2024年3月5日，万华化学集团股份有限公司（600309.SH）公告，拟以3,500万元回购，同比增长-16.91％。"
    ) == [
        ("date", "2024-03-05", "2024年3月5日"),
        ("party", "万华化学集团股份有限公司", "万华化学集团股份有限公司"),
        ("code", "600309.SH", "600309.SH"),
        ("number", "35000000 元", "3,500万元"),
        ("number", "-16.91 %", "-16.91％"),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-03-05", "2024-03-05"),
        ("2024/3/5", "2024-03-05"),
        ("2024 年 3 月 5 日", "2024-03-05"),
        ("2024年3月", "2024-03"),
        ("2024年", "2024"),
        ("2009年1-9月", "2009"),
        ("3月5日", "03-05"),
    ],
)
def test_dates_have_one_spelling(text: str, value: str) -> None:
    assert _facts(text)[0][:2] == ("date", value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("（600519）", "600519"),
        ("代码：510050", "510050"),
        ("贵州茅台600519涨停", "600519"),
        ("0700.HK", "00700.HK"),
        ("sz000001", "000001.SZ"),
        ("600519.XSHG", "600519.SH"),
        ("BABA.US", "BABA.US"),
    ],
)
def test_codes_are_found_in_their_forms(text: str, value: str) -> None:
    assert _facts(text) == [("code", value, _facts(text)[0][2])]


@pytest.mark.parametrize(
    "text",
    [
        "邮编510623",
        "（600519户",
        "600519户",
        "第600519号",
        "电话020-600519",
        "第12条",
        "ISO9001",
        "1.2.3",
        "共12",
    ],
)
def test_what_only_looks_like_a_fact_is_none(text: str) -> None:
    assert [fact for fact in _facts(text) if fact[0] == "code" or fact[1] == "12"] == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3-5%", ["3 %", "5 %"]),
        ("3亿至4亿元", ["300000000 元", "400000000 元"]),
        ("3-4亿元", ["300000000 元", "400000000 元"]),
        ("10%-12%", ["10 %", "12 %"]),
        ("1.2亿-1.5亿元", ["120000000 元", "150000000 元"]),
        ("89.9亿、109.7亿和123.2亿元", ["8990000000 元", "10970000000 元", "12320000000 元"]),
        ("1、500万元", ["5000000 元"]),
    ],
)
def test_the_numbers_of_a_range_share_its_unit_and_its_dash_is_no_minus(text: str, values: list[str]) -> None:
    assert _values(text) == values


@pytest.mark.parametrize(
    ("text", "value"), [("-5%", "-5 %"), ("同比−3.2%", "-3.2 %"), ("(-3%)", "-3 %"), ("Q3-3%", "3 %")]
)
def test_a_minus_is_part_of_its_number(text: str, value: str) -> None:
    assert _values(text) == [value]


def test_chinese_numerals_mean_the_same_as_digits() -> None:
    assert _values("处五十万元罚款，占百分之二十") == _values("处50万元罚款，占20%")
    assert _values("上调二十五个基点") == []
    assert _values("第三年") == []


@given(
    st.text(
        st.sampled_from("0123456789.,-%％年月日万亿元一二十百公司银行（）() aHK600519SH股至、到第"),
        max_size=60,
    )
)
def test_facts_are_sorted_apart_and_inside_the_text(text: str) -> None:
    facts = find_facts(text)
    assert all(0 <= fact.start < fact.end <= len(text) for fact in facts)
    assert all(left.end <= right.start for left, right in pairwise(facts))
    assert all(fact.value == fact.value.strip() and fact.value for fact in facts)
