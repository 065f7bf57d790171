"""Cleaning takes the noise and leaves the sentences, and every edit names its rule."""

import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.corpus.cleaning import clean
from tasks.corpus.config import CleaningConfig
from tasks.corpus.edits import apply_edits, raw_offset

GOOD = "碳市场活跃度上升。"


def _clean(text: str) -> str:
    return clean(text, CleaningConfig())[0]


def _rules(text: str) -> list[str]:
    return list(dict.fromkeys(edit.rule for edit in clean(text, CleaningConfig())[1]))


def test_a_node_id_goes() -> None:
    raw = f"node id: 2f1d6c1e-8d0a-4c57-9c3e-0a1b2c3d4e5f text: {GOOD}"
    assert _clean(raw) == GOOD
    assert _rules(raw) == ["node_id"]


def test_invisible_characters_go_wherever_they_hide() -> None:
    raw = "\ufeff碳\u200b市\u202e场\x00活\U000e0041跃\udc80度&#8203;上升。"
    assert _clean(raw) == GOOD
    assert _rules(raw) == ["invisible", "html"]


def test_html_that_was_escaped_goes_too() -> None:
    assert _clean("&lt;p&gt;碳市场&lt;br/&gt;活跃&lt;/p&gt;") == "碳市场\n活跃"


@pytest.mark.parametrize(
    "footer",
    [
        "法律声明 | 隐私保护 | 联系我们 | 网站地图 版权所有：财经网 京ICP备12345678号-1 京公网安备 11010200001234号",
        "法律声明：未经授权不得转载。Copyright © 2015-2026 财经网 京ICP备12345678号 网站标识码：bm12345678",
        "地址：广州市天贵路103号 电话：02028875088 版权所有某交易中心 粤ICP备12094092号 网站安全检测平台",
        "主办单位： 某某局 京ICP备12345678号",
        "版权所有 某某日报社",
    ],
)
@pytest.mark.parametrize("between", ["", "\n", " "])
def test_a_footer_goes_and_the_sentence_before_it_stays(footer: str, between: str) -> None:
    assert _clean(GOOD + between + footer) == GOOD


@pytest.mark.parametrize(
    "offer",
    [
        "【模拟炒股大赛火热报名，百万奖金等你拿】",
        "手机开户佣金万1.5，点击立即开户",
        "荐股QQ群：12345678，老师每日推荐牛股",
        "免费诊股：输入代码，一键看主力资金",
        "微牛证券开户即送美股，最高领千元",
        "扫码加入荐股微信群，盘中实时指导",
        "模拟炒股",
    ],
)
@pytest.mark.parametrize("between", ["", "\n", " "])
def test_an_advertisement_goes_and_the_sentence_before_it_stays(offer: str, between: str) -> None:
    raw = f"{GOOD}{between}{offer}\n{GOOD}"
    assert _clean(raw) == f"{GOOD}\n{GOOD}"
    assert "finance_spam" in _rules(raw)


@pytest.mark.parametrize(
    "menu",
    [
        "设为首页 加入收藏 联系我们 网站地图",
        "加入收藏 | 设为首页 | 关于我们 | 联系我们 | 广告服务",
        "首页 > 财经 > 公司新闻 > 正文",
        "当前位置：首页 &gt; 新闻中心 &gt; 行业资讯",
        "字号：大 中 小 打印本页 关闭窗口",
        "首页 交易中心概况 组织架构 人力资源 大事记 About us 新闻中心 交易中心公告 省市动态 联系我们",
        "【关闭窗口】",
        "返回搜狐，查看更多责任编辑：",
        "[查看原文](https://example.org/a.html)",
        "上一篇：某平台数据研究 下一篇：另一平台",
    ],
)
@pytest.mark.parametrize("between", ["\n", " "])
def test_navigation_goes_at_either_end(menu: str, between: str) -> None:
    assert _clean(GOOD + between + menu) == GOOD
    assert _clean(menu + "\n" + GOOD) == GOOD or menu.startswith("返回搜狐")


@pytest.mark.parametrize(
    "sentence",
    [
        "网站备案号为京ICP备12345678号，属合法经营。",
        "本报告版权归某证券有限责任公司所有，未经许可不得转载。",
        "多家券商下调开户佣金万三引发关注。",
        "被告人通过荐股微信群骗取投资者资金，涉案千万元。",
        "该平台推出模拟炒股功能。",
        "微牛证券宣布在美上市。",
        "电子商务经营者应当在其首页显著位置公示信息。",
        "如存在问题请联系我们。",
        "欧元区7月HICP同比上升5.3%。",
        "名称 代码 价格 数量",
        "利润<5%，《关于修改<会计法>的决定》",
    ],
)
def test_sentences_that_speak_of_such_things_stay(sentence: str) -> None:
    assert clean(sentence, CleaningConfig()) == (sentence, [])


def test_white_space_is_one_space_or_one_line_end() -> None:
    assert _clean("\u3000\u3000第一段 \r\n\r\n\u3000\u3000第 \t二段\n") == "第一段\n第 二段"


def test_rules_can_be_left_out() -> None:
    raw = "<p>一  二</p>"
    assert clean(raw, CleaningConfig(skip=("html",)))[0] == "<p>一 二</p>"
    assert clean(raw, CleaningConfig(skip=("whitespace",)))[0] == "\n一  二\n"


PIECES = [
    "<p>",
    "</p>",
    "&nbsp;",
    "首页 新闻中心 ",
    "联系我们",
    "京ICP备12345678号",
    "。",
    "\n",
    " ",
    "\u200b",
    "模拟炒股",
    "碳市场",
    "版权所有",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_edits_make_the_cleaned_text_and_lead_back_to_the_raw_one(pieces: list[str]) -> None:
    raw = "".join(pieces)
    text, edits = clean(raw, CleaningConfig())
    assert apply_edits(raw, edits) == text
    assert all(left.end <= right.start for left, right in pairwise(edits))
    assert all(
        raw[raw_offset(edits, place)] == character
        for place, character in enumerate(text)
        if character in "碳市场"
    )


def test_no_sentence_of_the_reference_is_lost_on_real_pages(shared_data: Path) -> None:
    with gzip.open(shared_data / "docs" / "carbon_policy.jsonl.gz") as lines:
        rows = [json.loads(line) for line, _ in zip(lines, range(400), strict=False)]
    for row in rows:
        text = "".join(_clean(row["text"]).split())
        reference = "".join((row["text_clean_ref"] or "").split())
        if reference in "".join(row["text"].split()):
            assert reference in text
        assert "ICP备" not in text and "国际资讯绿金委动态" not in text
