"""Names of securities become parties wherever they stand."""

import pytest

from tasks.dedup.names import with_names
from tasks.text.facts import find_facts


def _parties(text: str, start: int = 0) -> list[tuple[str, int]]:
    facts = with_names(text, find_facts(text), start)
    assert facts == sorted(facts, key=lambda fact: fact.start)
    return [(fact.value, fact.start) for fact in facts if fact.kind == "party"]


@pytest.mark.parametrize(
    "text",
    [
        "贵州茅台（600519.SH）",
        "贵州茅台(600519)",
        "贵州茅台 （股票代码：600519）",
        "快报：贵州茅台（600519）",
        "涨1.5%贵州茅台（600519）",
        "证券简称：贵州茅台",
        "股票简称: 贵州茅台 公告",
    ],
)
def test_a_name_stands_before_a_bracketed_code_or_after_its_label(text: str) -> None:
    assert [name for name, _ in _parties(text)] == ["贵州茅台"]


def test_every_place_of_a_name_is_a_party() -> None:
    text = "贵州茅台（600519）涨停，贵州茅台公告"
    assert _parties(text) == [("贵州茅台", 0), ("贵州茅台", text.rindex("贵州茅台"))]
    assert _parties(text, start=1) == [("贵州茅台", text.rindex("贵州茅台"))]


def test_where_a_name_begins_is_told_by_its_other_places_or_by_the_usual_length() -> None:
    assert _parties("资金流入ST围海（002586）。ST围海涨停")[0] == ("ST围海", 4)
    assert _parties("资金流入贵州茅台（600519）")[0] == ("贵州茅台", 4)
    assert _parties("收盘，煌上煌（002695）")[0] == ("煌上煌", 3)


@pytest.mark.parametrize(
    "text", ["（600519）", "代码：600519", "净利润（1.5亿元）", "贵州茅台600519", "简称：贵州茅台"]
)
def test_where_there_is_no_name_there_is_none(text: str) -> None:
    assert _parties(text) == []


def test_a_name_inside_a_fact_is_not_taken_twice() -> None:
    assert _parties("平安（000001）公告，平安银行股份有限公司") == [("平安", 0), ("平安银行股份有限公司", 13)]
