"""Whether a cleaned text is worth keeping: long enough, Chinese enough, about finance."""

import re
from functools import cache
from itertools import groupby
from operator import itemgetter

from datasets_registry.words import finance_words
from tasks.corpus.config import QualityConfig

CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+")


def reason_to_filter(text: str, config: QualityConfig) -> str | None:
    """None to keep the text, or `too_short`, `too_little_chinese` or `off_topic`."""
    if len(text) < config.min_characters:
        return "too_short"
    visible = sum(map(len, text.split()))
    if sum(map(len, CHINESE.findall(text))) < config.min_chinese_share * visible:
        return "too_little_chinese"
    if len(text) <= config.excused_characters and not has_finance_words(text, config.min_finance_words):
        return "off_topic"
    return None


def has_finance_words(text: str, wanted: int) -> bool:
    """Whether a text holds `wanted` different finance words; the longest counts where one stands inside another."""
    if wanted == 0:
        return True
    seen: set[str] = set()
    for match in _finance_matcher().finditer(text.lower()):
        seen.add(match.group())
        if len(seen) >= wanted:
            return True
    return False


@cache
def _finance_matcher() -> re.Pattern[str]:
    """All finance words in one pattern, by first letter for speed; a Latin abbreviation is matched as a whole word."""
    words = sorted({word.lower() for word in finance_words()}, key=lambda word: (word[0], -len(word), word))
    branches = (
        f"{re.escape(first)}(?:{'|'.join(map(_rest, group))})"
        for first, group in groupby(words, key=itemgetter(0))
    )
    return re.compile("|".join(branches))


def _rest(word: str) -> str:
    """The pattern of a word after its first letter."""
    return rf"{word[1:]}(?<![a-z0-9]{word})(?![a-z])" if word.isascii() else re.escape(word[1:])
