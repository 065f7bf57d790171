"""Two values for one slot are a conflict; noise, cuts, other writing and missing facts are none."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dedup.guard import Conflict, conflict
from tasks.dedup.slots import identity_slots
from tests.tasks.dedup.real_texts import noisy, profile_of

BEFORE = "据本报记者多方了解，受市场情绪以及资金面的影响，近来有关方面对此十分关注，"
AFTER = "，业内人士普遍认为这一变化符合预期，后续仍需要观察政策的落实情况以及企业自身的经营。"
STORY = (
    "万华化学集团股份有限公司（600309.SH）2024年3月5日公告，拟以3,500万元回购股份，占总股本的1.2%。公司表示，"
    "资金来源为自有资金，回购价格不超过每股95.5元，期限为12个月。分析人士认为，此举显示了管理层对公司长期发展的信心，"
    "也有助于稳定市场预期。当日收盘，该股上涨2.35%，成交额18.6亿元。"
)


def _conflict(left: str, right: str) -> Conflict | None:
    return conflict(profile_of(left), profile_of(right))


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        ("number", "规模为1.5亿元", "规模为15亿元"),
        ("number", "同比变化-3%", "同比变化3%"),
        ("number", "同比增长3%", "同比增长3个百分点"),
        ("number", "融资1.5亿元", "融资1.5亿美元"),
        ("number", "融资1.5亿元", "融资1.5万元"),
        ("code", "涨停的是600519", "涨停的是600518"),
        ("date", "定于2024-03-05", "定于2024-03-06"),
        ("date", "定于3月5日", "定于4月5日"),
        ("party", "这是由工商银行", "这是由建设银行"),
    ],
)
def test_one_other_value_is_a_conflict(kind: str, left: str, right: str) -> None:
    found = _conflict(f"{BEFORE}{left}{AFTER}", f"{BEFORE}{right}{AFTER}")
    assert found
    assert found.kind == kind
    assert left.endswith(found.left)
    assert right.endswith(found.right)
    assert f"{BEFORE}{left}".removesuffix(found.left).endswith(found.context)


def test_facts_beside_a_name_that_is_not_read_are_no_errors_of_copying() -> None:
    notice = (
        "%s股份（%s）2021年6月%s日公告，公司拟以%s万元回购股份，占总股本的%s%%，回购价格不超过每股63.1元，"
        "资金来源为自有资金。公司表示，此举显示了管理层对公司长期发展的信心，也有助于稳定市场预期。分析人士认为，"
        "债券与股票市场流动性合理充裕，基金申购活跃。"
    )
    one, other = ("产傳垕", 602881, 22, 7881.1, 3.81), ("四凟佡", 602181, 6, 23181.1, 1.81)
    assert _conflict(notice % one, notice % other)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("于2024年3月5日上涨", "于2024年3月上涨"),
        ("于2024年3月5日上涨", "于3月5日上涨"),
        ("代码（600519）上涨", "代码（600519.SH）上涨"),
        ("由中国工商银行承办", "由工商银行承办"),
        ("规模1.5亿元上涨", "规模1.50亿元上涨"),
        ("规模1.5亿元上涨", "规模15000万元上涨"),
        ("规模1.5亿元上涨", "规模1.5亿上涨"),
        ("于3月5日上涨1.5%收盘", "于3月5日上涨收盘"),
    ],
)
def test_less_precision_other_writing_and_a_missing_fact_are_none(left: str, right: str) -> None:
    assert _conflict(f"{BEFORE}{left}{AFTER}", f"{BEFORE}{right}{AFTER}") is None


def test_other_free_text_does_not_hide_other_facts_in_the_head() -> None:
    head = (
        "证券简称：{} 公告日期：{} 本公司及董事会全体成员保证信息披露的内容真实、准确、完整，没有虚假记载。"
    )
    left = head.format("贵州茅台", "2024年3月5日") + "公司近日收到股东的通知，其所持部分股份已解除质押。" * 3
    right = head.format("五粮液", "2024年4月9日") + "会议审议通过了关于修订章程的议案，表决结果符合规定。" * 3
    found = _conflict(left, right)
    assert found
    assert (found.kind, found.left, found.right) == ("party", "贵州茅台", "五粮液")


def test_many_other_values_are_a_conflict_among_many_other_edits() -> None:
    notice = "关于{}年{}休市安排的公告。{}起休市，{}时起恢复正常交易，{}时起照常办理各项业务，请做好{}准备。特此公告。"
    left = notice.format(2020, "清明", "4月4日", "4月7日", "4月8日", "清算")
    right = notice.format(2018, "国庆", "10月1日", "10月8日", "10月9日", "交割")
    assert _conflict(left, right)


@pytest.mark.parametrize("right", ["3月6日{}", "首页新闻中心正文浏览 3月6日{}"])
def test_a_slot_may_begin_a_text(right: str) -> None:
    assert _conflict(f"3月5日{AFTER}", right.format(AFTER))
    assert _conflict(right.format(AFTER), f"3月5日{AFTER}")


def test_where_a_text_begins_or_ends_at_the_slot_more_must_be_equal_on_its_other_side() -> None:
    around, here, there = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳", "午未申酉戌亥"
    assert _conflict(f"3月5日央行今天{here}{AFTER}", f"{around}3月6日央行今天{there}{AFTER}") is None
    assert _conflict(f"{BEFORE}{here}央行今天3月5日", f"{BEFORE}{there}央行今天3月6日{around}") is None


def test_other_codes_behind_one_label_are_a_conflict_however_much_else_is_edited() -> None:
    text = f"本公司的股票的证券代码：600519，简称不变，即（600519）。{STORY}"
    other = noisy(STORY, 0.1, random.Random(2))
    assert _conflict(text, f"本公司的股票的证券代码：600518，简称改变，即（600518）。{other}")
    assert _conflict(text, f"本公司的股票的证券代码：600519，简称改变，即（600519）。{other}") is None


@pytest.mark.parametrize("kept", [0, 3])
def test_a_name_may_be_cut_where_a_text_begins(kept: int) -> None:
    assert _conflict(STORY, STORY[len("万华化学集团股份有限公司") - kept :]) is None


def test_an_equal_set_of_values_in_other_slots_is_a_conflict_in_an_equal_text() -> None:
    assert _conflict("工商银行收购建设银行3%的股份", "建设银行收购工商银行3%的股份")


def test_noise_that_also_hits_facts_is_none() -> None:
    rng = random.Random(5)
    copies = [noisy(STORY, 0.05, rng) for _ in range(200)]
    assert sum(_conflict(STORY, copy) is not None for copy in copies) <= 4


def test_a_name_that_comes_again_is_no_noise() -> None:
    """The name 华泰第八科技 is read by no rule; a copy would not misspell it five times in the same way."""
    story = (
        "华泰第{0}科技发布公告，华泰第{0}科技拟回购股份，规模{1}亿元，年内完成。"
        "华泰第{0}科技称资金自有，华泰第{0}科技经营正常，华泰第{0}科技股价平稳。"
    )
    assert _conflict(BEFORE + story.format("八", 3.5) + AFTER, BEFORE + story.format("九", 4.2) + AFTER)


@pytest.mark.parametrize("start", range(0, len(STORY) // 2, 3))
def test_a_text_cut_inside_a_fact_is_none(start: int) -> None:
    assert _conflict(STORY, STORY[start:]) is None
    assert _conflict(STORY, STORY[: len(STORY) - start]) is None


def test_the_strongest_slot_is_shown_first() -> None:
    found = _conflict(f"{BEFORE}3月5日600519涨1.5%{AFTER}", f"{BEFORE}3月6日600518涨1.6%{AFTER}")
    assert found == Conflict("code", "600519", "600518", f"{BEFORE}3月5日"[-16:])


PIECES = st.sampled_from(
    [
        "资金流向",
        "快报：",
        "报收于",
        "，上涨",
        "成交额",
        "（",
        "）",
        "公司",
        "证券代码：",
        "。",
        "，",
        "占总成交额",
        "-",
    ]
)
FACTS = st.sampled_from(
    [
        "600519",
        "（600518）",
        "000858.SZ",
        "3月5日",
        "2024-03-06",
        "1.5亿元",
        "15亿元",
        "-3%",
        "3%",
        "工商银行",
        "中国工商银行",
    ]
)
TEMPLATE = st.lists(st.one_of(PIECES, st.none()), min_size=1, max_size=30)


@given(TEMPLATE, st.data())
def test_conflicts_are_symmetric_and_follow_from_hard_slots(
    template: list[str | None], data: st.DataObject
) -> None:
    texts = ["".join(piece or data.draw(FACTS) for piece in template) for _ in range(2)]
    texts[1] = data.draw(st.sampled_from([texts[1], texts[1][3:], f"{texts[1]}责任编辑"]))
    left, right = map(profile_of, texts)
    found, back = conflict(left, right), conflict(right, left)
    assert (found is None) == (back is None)
    if found and back:
        assert {found.kind, found.left, found.right} == {back.kind, back.right, back.left}
    keys, values = identity_slots(left)
    other_keys, other_values = identity_slots(right)
    _, mine, theirs = np.intersect1d(keys, other_keys, return_indices=True)
    if np.any(values[mine] != other_values[theirs]):
        assert found
    assert conflict(left, left) is None


@given(st.text("0123456789.-%年月日亿元（）代码工商银行公司，", max_size=60), st.text(max_size=20))
def test_a_text_does_not_conflict_with_itself_whatever_it_is(text: str, more: str) -> None:
    assert _conflict(text + more, text + more) is None
