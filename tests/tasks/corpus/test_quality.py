"""A text is kept, or goes for one of three reasons."""

import pytest

from tasks.corpus.config import QualityConfig
from tasks.corpus.quality import has_finance_words, reason_to_filter

PLAIN = "孩子们在公园里看花。" * 11
FINANCE = "股票与债券" + PLAIN


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (FINANCE, None),
        (FINANCE[:99], "too_short"),
        (PLAIN, "off_topic"),
        ("股票" + PLAIN + "股票", "off_topic"),
        (PLAIN * 5, None),
        ("stock " * 100 + "股票债券", "too_little_chinese"),
    ],
)
def test_reasons(text: str, reason: str | None) -> None:
    assert reason_to_filter(text, QualityConfig()) == reason


def test_bounds_are_settings() -> None:
    assert reason_to_filter("股票", QualityConfig(min_characters=2, min_finance_words=1)) is None
    assert reason_to_filter("公园公园", QualityConfig(min_characters=0, min_finance_words=0)) is None


def test_white_space_does_not_dilute_the_share_of_chinese() -> None:
    assert reason_to_filter("股票 \n 债券\t" * 30, QualityConfig()) is None


def test_finance_words_are_counted_once_each_and_longest_first() -> None:
    assert not has_finance_words("碳排放权", 2)
    assert has_finance_words("碳排放权与碳排放", 2)
    assert not has_finance_words("股票股票股票", 2)


def test_abbreviations_count_as_whole_words_in_any_case() -> None:
    assert has_finance_words("购买etf和Gdp数据", 2)
    assert not has_finance_words("vetfx agdpb", 1)
