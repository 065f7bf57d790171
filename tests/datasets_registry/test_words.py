"""Our word list is well formed."""

import re

from datasets_registry.words import finance_words


def test_the_list_is_sorted_without_repeats_and_without_white_space() -> None:
    words = finance_words()
    assert list(words) == sorted(set(words))
    assert all(not re.search(r"\s", word) for word in words)


def test_finance_words_cover_markets_banks_and_carbon() -> None:
    assert {"股票", "净利润", "存款准备金率", "碳排放权", "碳配额", "ETF", "CCER"} <= set(finance_words())
