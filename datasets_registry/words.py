"""Our own word list: the words of finance, banking and carbon markets."""

from functools import cache
from importlib.resources import files


@cache
def finance_words() -> tuple[str, ...]:
    """Some six hundred words of finance, in code point order; Latin abbreviations in capitals."""
    return tuple(
        (files("datasets_registry") / "lexicon" / "finance_words.txt").read_text(encoding="utf-8").split()
    )
