"""A text as the guard reads it: what is masked, what identifies it, and what is no fact of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dedup.slots import HOLE, fixed_hash, identity_slots, skeleton
from tests.tasks.dedup.real_texts import profile_of

FLASH = "快报：{name}（{code}）8月{day}日收盘，{name}({code})报收于{price}元"


def test_the_skeleton_has_shapes_in_place_of_facts() -> None:
    text = "2023-08-09 10:23，正文：2023年8月，贵州茅台（600519）涨1.5%，成交3亿元，贵州茅台、工商银行上涨。"
    assert skeleton(profile_of(text)) == ("<month><party><code>涨<number %>成交<number 元><party><party>上涨")


@pytest.mark.parametrize(
    "head",
    [
        "2023-08-16 18:24:57，正文：",
        "，正文：",
        "202307/21 18:22:56，正文： ",
        "8-8 18:54，正文：",
        "[2023/08/01 10:24 ]，正文：",
        "时间：2023年8月14日 16:24，正文：",
    ],
)
def test_a_crawlers_head_is_no_part_of_a_text(head: str) -> None:
    bare, headed = profile_of("央行8月9日降准0.5个百分点"), profile_of(f"{head}央行8月9日降准0.5个百分点")
    assert bare.tokens == headed.tokens
    assert [fact.value for fact in headed.facts] == ["08-09", "0.5 百分点"]


def test_the_date_of_a_dispatch_is_a_fact() -> None:
    assert profile_of("财联社8月1日电，央行降准").values == ("date 08-01",)


def test_punctuation_width_and_a_market_are_no_part_of_a_value() -> None:
    left = profile_of("大众（中国）投资有限公司（600519）营收１．５亿元。")
    right = profile_of("大众(中国)投资有限公司 (600519.SH) 营收1.5亿元")
    assert left.values == right.values
    assert left.tokens == right.tokens


def test_places_point_at_the_facts() -> None:
    text = profile_of(f"{HOLE}快报：3月5日，涨1.5%{HOLE}。")
    assert [len(text.tokens[:place]) for place in text.places] == [2, 4]
    assert len(text.tokens) == len(text.masks) == 5


def test_a_template_has_one_key_and_its_texts_have_their_values() -> None:
    first = identity_slots(profile_of(FLASH.format(name="贵州茅台", code="600519", day=9, price=1.5)))
    again = identity_slots(profile_of(FLASH.format(name="贵州茅台", code="600519", day=9, price=1.5)))
    other = identity_slots(profile_of(FLASH.format(name="五粮液", code="000858", day=9, price=1.5)))
    assert first[0].tolist() == again[0].tolist() == other[0].tolist()
    assert first[1].tolist() == again[1].tolist()
    assert not set(first[1].tolist()) & set(other[1].tolist())
    assert first[0].dtype == first[1].dtype == np.uint64


def test_a_context_identifies_a_code_only_if_the_code_repeats_and_stands_there_alone() -> None:
    context = "本公司的股票的证券代码："
    assert "的股票的证券代码" in profile_of(f"{context}600519，即（600519）").codes
    assert profile_of(f"{context}600519").codes == {}
    assert profile_of(f"{context}600519、（600519）；{context}600518、（600518）").codes == {}
    assert profile_of("（600519）（600519）").codes == {}


def test_a_text_without_facts_has_no_slots() -> None:
    keys, values = identity_slots(profile_of("没有任何数字"))
    assert keys.size == values.size == 0


@given(st.text("贵州茅台（）600519.SH代码：，8月9日1.5亿元%", max_size=80))
def test_slots_are_ascending_and_unique(text: str) -> None:
    read = profile_of(text)
    keys, values = identity_slots(read)
    assert len(keys) == len(values)
    assert bool(np.all(keys[1:] > keys[:-1]))
    assert len(read.tokens) == len(read.masks)
    assert len(read.places) == len(read.facts) == len(read.values) == len(read.shapes)


def test_the_hash_is_the_same_in_every_process() -> None:
    assert fixed_hash("code", "证券代码") == 10775427419322081456
    assert fixed_hash("ab", "c") != fixed_hash("a", "bc")
