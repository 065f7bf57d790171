"""A quantity has one spelling, exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.text.numerals import chinese_number, scale_after, shift, spell


@given(st.decimals(min_value=0, max_value=10**15, places=4), st.integers(min_value=-4, max_value=12))
def test_shifting_the_point_is_exact(number: Decimal, power: int) -> None:
    shifted = shift(f"{number:f}", power)
    assert Decimal(shifted) == number.scaleb(power)
    assert shifted == "0" or not (shifted.startswith("00") or ("." in shifted and shifted.endswith("0")))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5亿元", "150000000 元"),
        ("3,500万元", "35000000 元"),
        ("2万亿元", "2000000000000 元"),
        ("300余亿元", "30000000000 元"),
        ("12%", "12 %"),
        ("3‰", "0.3 %"),
        ("25个基点", "0.25 百分点"),
        ("25BP", "0.25 百分点"),
        ("0.25个百分点", "0.25 百分点"),
        ("500MW", "500000000 瓦"),
        ("1.2亿千瓦时", "120000000000 瓦时"),
        ("5千克", "5000 克"),
        ("5公斤", "5000 克"),
        ("97.50元/吨", "97.5 元"),
        ("5.3万多人", "53000 人"),
        ("3倍", "3 倍"),
        ("1.2亿", "120000000"),
        ("3250点", "3250 点"),
    ],
)
def test_equal_quantities_have_one_spelling(text: str, value: str) -> None:
    digits = text[: next(index for index, character in enumerate(text) if character not in "0123456789.,")]
    assert spell(digits, scale_after(text, len(digits))) == value


@pytest.mark.parametrize("text", ["9点半", "3", "09年", "3元旦"])
def test_hours_bare_integers_and_short_years_are_no_quantities(text: str) -> None:
    digits = "".join(character for character in text if character.isdigit())
    assert spell(digits, scale_after(text, len(digits))) is None


@pytest.mark.parametrize(
    ("numeral", "number"),
    [
        ("五十万", "500000"),
        ("一百零五", "105"),
        ("十", "10"),
        ("两千三百亿", "230000000000"),
        ("一亿二千万", "120000000"),
    ],
)
def test_chinese_numerals_are_read(numeral: str, number: str) -> None:
    assert chinese_number(numeral) == number


@pytest.mark.parametrize("numeral", ["一二三", "二〇二四", "十百"])
def test_what_is_no_chinese_number_is_refused(numeral: str) -> None:
    assert chinese_number(numeral) is None
