"""What is searched of a passage, and the tokens that BM25 counts: one way for passages and queries."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

from datasets_registry.records import Passage
from datasets_registry.words import finance_words
from tasks.retrieval.config import TokenConfig
from tasks.retrieval.word_lists import WordLists, list_names, word_lists
from tasks.text.segment import Segmenter

PROBE = (
    "贵州茅台（600519.SH）2024年第三季度实现营业收入1,231.23亿元，同比增长16.91%；"
    "全国碳排放权交易市场CEA收盘价为每吨97.5元，MLF利率下调25个基点，ETF净申购1.5亿份。"
)
"""Text whose tokens differ when the dictionary, the segmenter's version or the splitting rules do."""


NO_LISTS = WordLists()
KEPT = 8
"""Tokenizers that are kept for others: a server sees those of many nights, each with a dictionary of its own."""


class Tokenizer:
    """Tokens of text under one configuration."""

    def __init__(self, config: TokenConfig, lists: WordLists = NO_LISTS) -> None:
        """Load the segmenter, which takes about a second; raises `ValueError` without the lists that `config` names."""
        if [bool(lists.user), bool(lists.stop)] != [bool(config.user_words), bool(config.stop_words)]:
            raise ValueError(
                f"the settings name {list_names(config) or 'no lists of words'}, given were {len(lists.user)} user "
                f"words and {len(lists.stop)} stop words; read the lists of the index"
            )
        self._keep_digits = config.keep_digits
        self._stop_words = frozenset(lists.stop)
        self._user_words = lists.user
        self._segmenter = Segmenter(config.engine, dictionary(config, lists))

    def tokens(self, text: str) -> list[str]:
        """The words of a text, repeats kept, punctuation dropped."""
        return [token for token in self._segmenter.tokens(text) if self._counts(token)]

    def single_words(self, words: Iterable[str]) -> list[str]:
        """Those of the words that are one token, spelled as that token is."""
        cut = map(self.tokens, words)
        return [tokens[0] for tokens in cut if len(tokens) == 1]

    def boosted(self) -> list[str]:
        """The words of finance and the user's that are one token, each once."""
        return list(dict.fromkeys(self.single_words([*finance_words(), *self._user_words])))

    def fingerprint(self) -> str:
        """The sha256 of how the probe text is cut: two tokenizers that share it may serve one index."""
        return _sha256(" ".join(self.tokens(PROBE)))

    def _counts(self, token: str) -> bool:
        if token in self._stop_words:
            return False
        if self._keep_digits:
            return any(character.isalnum() for character in token)
        return any(character.isalpha() for character in token)


def search_text(passage: Passage) -> str:
    """What is searched of a passage: title, heading where the text does not begin with it, and text."""
    begins = passage.text.lstrip("# ").startswith(passage.heading)
    return "\n".join(
        part for part in (passage.title, "" if begins else passage.heading, passage.text) if part
    )


def shared_tokenizer(config: TokenConfig, lists: WordLists = NO_LISTS) -> Tokenizer:
    """One tokenizer a process, configuration and lists of words; raises `ValueError` as `Tokenizer` does."""
    return _tokenizer(config, lists)


def tokenizer_of(config: TokenConfig, lists: Sequence[bytes]) -> Tokenizer:
    """The tokenizer of a configuration, from the files of words that it names, in the order of `list_names`."""
    given = dict(zip(list_names(config), lists, strict=True))
    return shared_tokenizer(config, word_lists(config, given.__getitem__))


_tokenizer = lru_cache(KEPT)(Tokenizer)


def dictionary(config: TokenConfig, lists: WordLists = NO_LISTS) -> tuple[str, ...]:
    """The words that are added to the segmenter's own."""
    return (finance_words() if config.finance_words else ()) + lists.user


def dictionary_sha256(config: TokenConfig, lists: WordLists = NO_LISTS) -> str:
    """The sha256 of the words that are added, and of those that are left out."""
    left_out = ["", *lists.stop] if lists.stop else []
    return _sha256("\n".join([*dictionary(config, lists), *left_out]))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
