"""Cut text into words: numbers, codes and Latin words whole, Chinese by jieba or by rjieba.

Given whole texts, the two disagree about Latin letters, digits and punctuation; given Chinese characters only,
they agree. So those are split off first, and rjieba, six times faster, is the default.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Literal

import jieba
import rjieba

HAN = "\u4e00-\u9fd5"
"""The characters that both dictionaries know as Chinese; rarer ones become tokens of their own."""

CODE = r"[0-9]{6}\.(?:sh|sz|bj|ss|of|xshg|xshe)(?![a-z0-9])|[0-9]{4,5}\.hk(?![a-z0-9])"
LATIN = r"[0-9]*[a-z][a-z0-9]*(?:[&'][a-z0-9]+)*"
NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?%?|[0-9]+(?:\.[0-9]+)?%?"
OTHER = rf"[^\W_a-z0-9{HAN}]"

WEIGHT = 100
"""The frequency of an added word: more than that of its parts together, less than that of common words.

It is given, because the two engines would round what they compute differently; and a word that the dictionary has
is left as it is, because they would count its old frequency differently. Either would let them disagree.
"""


class Segmenter:
    """Cuts text into words; the same words for both engines."""

    def __init__(self, engine: Literal["jieba", "rjieba"] = "rjieba", words: Sequence[str] = ()) -> None:
        """Load the engine's dictionary, which takes about a second, and add `words` to it.

        A word that is not Chinese throughout (A股) is cut whole by the pre-splitter.
        """
        folded = [fold(word) for word in words]
        chinese = [word for word in folded if re.fullmatch(f"[{HAN}]+", word)]
        mixed = sorted(
            {word for word in folded if re.search(f"[{HAN}]", word)} - set(chinese), key=_longest_first
        )
        self._cut = _rjieba(chinese) if engine == "rjieba" else _jieba(chinese)
        self._pieces = re.compile(
            "|".join([*map(re.escape, mixed), CODE, LATIN, NUMBER, f"([{HAN}]+)", OTHER])
        )

    def tokens(self, text: str) -> list[str]:
        """The words of a text in order, NFKC and lower case, without punctuation; 3,500 is 3500."""
        tokens: list[str] = []
        for piece in self._pieces.finditer(fold(text)):
            if piece.lastindex:
                tokens.extend(self._cut(piece.group()))
            else:
                tokens.append(piece.group().replace(",", ""))
        return tokens


def fold(text: str) -> str:
    """A text as it is cut: NFKC, lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def _longest_first(word: str) -> tuple[int, str]:
    return -len(word), word


def _rjieba(words: Sequence[str]) -> Callable[[str], list[str]]:
    engine = rjieba.Jieba()
    for word in words:
        if not engine.has_word(word):
            engine.add_word(word, WEIGHT, None)
    return lambda text: engine.cut(text, True)


def _jieba(words: Sequence[str]) -> Callable[[str], list[str]]:
    jieba.setLogLevel(logging.WARNING)
    engine = jieba.Tokenizer()
    engine.initialize()
    for word in words:
        if not engine.FREQ.get(word):
            engine.add_word(word, WEIGHT)
    return lambda text: engine.lcut(text, HMM=True)
