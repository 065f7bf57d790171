"""Names are found whole, kinds are not taken for names."""

import pytest

from tasks.text.parties import find_parties


def _parties(text: str) -> list[str]:
    return [text[start:end] for start, end in find_parties(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("据中信证券研报，公司与华夏银行股份有限公司签署协议。", ["中信证券", "华夏银行股份有限公司"]),
        (
            "近日，中国建设银行广州分行联合广州碳排放权交易中心有限公司",
            ["中国建设银行广州分行", "广州碳排放权交易中心有限公司"],
        ),
        ("受中国证券监督管理委员会委托", ["中国证券监督管理委员会"]),
        ("增持摩尔线程智能科技（北京）股份有限公司股份", ["摩尔线程智能科技（北京）股份有限公司"]),
        ("华为技术有限公司和中和农信集团", ["华为技术有限公司", "中和农信集团"]),
        ("中国证监会与国务院", ["中国证监会", "国务院"]),
    ],
)
def test_names_begin_where_the_words_before_them_end(text: str, names: list[str]) -> None:
    assert _parties(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "上市公司及其子公司",
        "各商业银行",
        "购买指数基金",
        "县级以上地方人民政府",
        "公司董事会审计委员会",
        "银行业协会工作",
        "该公司证券法务",
        "偏股基金与灵活配置基金",
    ],
)
def test_kinds_are_no_names(text: str) -> None:
    assert _parties(text) == []
