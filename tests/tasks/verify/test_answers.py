"""An answer is judged by what it means, not by how it is written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.verify.answers import choice, is_right, quantity


@pytest.mark.parametrize(
    ("given", "expected", "right"),
    [
        ("42.5%", "42.5%", True),
        ("４２．５％", "42.5%", True),
        ("约42.50%。", "42.5%", True),
        ("42.5", "42.5%", True),
        ("0.425", "42.5%", True),
        ("百分之五", "5%", True),
        ("42.5元", "42.5%", False),
        ("42.5个百分点", "42.5%", False),
        ("下降5%", "-5%", True),
        ("−5%", "-5%", True),
        ("-5%", "5%", False),
        ("5%", "-5%", False),
        ("1.5亿元", "15000万元", True),
        ("1.5亿", "1.5亿元", True),
        ("五十万元", "50万元", True),
        ("15亿元", "1.5亿元", False),
        ("3", "3亿元", True),
        ("1,234.5元", "1234.5元", True),
        ("12,34元", "1234元", False),
        ("25个基点", "0.25个百分点", True),
        ("25", "25倍", True),
        ("25倍", "25", True),
        ("33.3%", "33.33%", True),
        ("33.333%", "33.33%", True),
        ("33%", "33.33%", False),
        ("20.3倍", "20倍", False),
        ("1001元", "1000元", False),
        ("12或13", "12", False),
        ("1e5元", "100000元", False),
        ("", "12%", False),
        ("不知道", "12%", False),
    ],
)
def test_a_number_is_right_in_any_spelling_of_the_same_value(given: str, expected: str, right: bool) -> None:
    assert is_right(given, expected, "number") is right


@pytest.mark.parametrize(
    ("given", "expected", "right"),
    [
        ("B", "B", True),
        ("b", "B", True),
        ("选B", "B", True),
        ("答案是：B。", "B", True),
        ("（B）", "B", True),
        ("B. A股", "B", True),
        ("B. 股价÷每股收益", "B", True),
        ("C、A", "AC", True),
        ("AB", "B", False),
        ("A股", "A", False),
        ("All", "A", False),
        ("都不对", "B", False),
        ("", "B", False),
    ],
)
def test_a_choice_is_right_by_its_letters(given: str, expected: str, right: bool) -> None:
    assert is_right(given, expected, "choice") is right


@pytest.mark.parametrize(
    ("given", "expected", "right"),
    [
        ("海城银行。", "海城银行", True),
        ("2024年3月5日", "2024-03-05", True),
        ("1.5亿元", "15000万元", True),
        ("股权 激励", "股权激励", True),
        ("净利润1.5亿元", "1.5亿元", False),
        ("15%", "-15%", False),
        ("", "海城银行", False),
    ],
)
def test_a_fact_is_right_but_for_spaces_punctuation_and_spellings(
    given: str, expected: str, right: bool
) -> None:
    assert is_right(given, expected, "fact") is right


@pytest.mark.parametrize(
    ("expected", "kind"), [("很多", "number"), ("1至2元", "number"), ("四", "choice"), ("。", "fact")]
)
def test_what_has_no_answer_cannot_be_judged(expected: str, kind: str) -> None:
    assert is_right("1", expected, kind) is None


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="number, choice or fact"):
        is_right("1", "1", "essay")


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    st.sampled_from(["%", "元", "万元", "亿元", "倍", "个百分点", "亿股"]),
)
def test_every_number_is_its_own_right_answer_and_no_other_is(number: Decimal, unit: str) -> None:
    assert is_right(f"{number:f}{unit}", f"{number:f}{unit}", "number") is True
    assert is_right(f"{number + 1:f}{unit}", f"{number:f}{unit}", "number") is False


@given(st.text(max_size=60), st.sampled_from(["42.5%", "-3亿元", "B", "海城银行"]))
def test_no_text_breaks_the_judge(text: str, expected: str) -> None:
    for kind in ("number", "choice", "fact"):
        assert is_right(text, expected, kind) in (True, False, None)
    quantity(text)
    choice(text)
