"""What is searched of a passage, and the tokens that BM25 counts: one way for passages and queries."""

import hashlib
from collections.abc import Iterable
from functools import cache

from datasets_registry.records import Passage
from datasets_registry.words import finance_words
from tasks.retrieval.config import TokenConfig
from tasks.text.segment import Segmenter

PROBE = (
    "贵州茅台（600519.SH）2024年第三季度实现营业收入1,231.23亿元，同比增长16.91%；"
    "全国碳排放权交易市场CEA收盘价为每吨97.5元，MLF利率下调25个基点，ETF净申购1.5亿份。"
)
"""Text whose tokens differ when the dictionary, the segmenter's version or the splitting rules do."""


class Tokenizer:
    """Tokens of text under one configuration."""

    def __init__(self, config: TokenConfig) -> None:
        """Load the segmenter; takes about a second."""
        self._keep_digits = config.keep_digits
        self._segmenter = Segmenter(config.engine, dictionary(config))

    def tokens(self, text: str) -> list[str]:
        """The words of a text, repeats kept, punctuation dropped."""
        return [token for token in self._segmenter.tokens(text) if self._counts(token)]

    def single_words(self, words: Iterable[str]) -> list[str]:
        """Those of the words that are one token, spelled as that token is."""
        cut = map(self.tokens, words)
        return [tokens[0] for tokens in cut if len(tokens) == 1]

    def fingerprint(self) -> str:
        """The sha256 of how the probe text is cut: two tokenizers that share it may serve one index."""
        return _sha256(" ".join(self.tokens(PROBE)))

    def _counts(self, token: str) -> bool:
        if self._keep_digits:
            return any(character.isalnum() for character in token)
        return any(character.isalpha() for character in token)


def search_text(passage: Passage) -> str:
    """What is searched of a passage: title, heading where the text does not begin with it, and text."""
    begins = passage.text.lstrip("# ").startswith(passage.heading)
    return "\n".join(
        part for part in (passage.title, "" if begins else passage.heading, passage.text) if part
    )


@cache
def shared_tokenizer(config: TokenConfig) -> Tokenizer:
    """One tokenizer a process and configuration."""
    return Tokenizer(config)


def dictionary(config: TokenConfig) -> tuple[str, ...]:
    """The words that are added to the segmenter's own."""
    return finance_words() if config.finance_words else ()


def dictionary_sha256(config: TokenConfig) -> str:
    """The sha256 of the added words."""
    return _sha256("\n".join(dictionary(config)))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
