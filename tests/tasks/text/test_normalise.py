"""Texts that say the same have one key, and numbers that differ have two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.text.normalise import normalise_key


def test_width_case_space_and_punctuation_do_not_matter() -> None:
    assert normalise_key("ＡＢＣ　银行，\n（上海）_分行！") == normalise_key("abc银行上海分行")


@pytest.mark.parametrize(
    ("one", "other"), [("1.5亿", "15亿"), ("-3%", "3%"), ("3%", "3"), ("－3％", "3％"), ("−3", "3")]
)
def test_what_changes_a_number_is_kept(one: str, other: str) -> None:
    assert normalise_key(one) != normalise_key(other)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("增长15.", "增长15"),
        ("1 %", "1%"),
        ("A．B", "ab"),
        ("——3月", "3月"),
        ("2024-03", "2024-03"),
        ("－３．５％", "-3.5%"),
    ],
)
def test_points_and_dashes_stay_only_beside_digits(text: str, key: str) -> None:
    assert normalise_key(text) == key


@given(st.text(st.sampled_from("1５.．-－%％ ,，亿a_"), max_size=20))
def test_a_key_is_its_own_key(text: str) -> None:
    assert normalise_key(normalise_key(text)) == normalise_key(text)
