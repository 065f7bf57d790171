"""Our own word lists: the words of finance, banking and carbon markets, and the words that carry no subject."""

from functools import cache
from importlib.resources import files


@cache
def finance_words() -> tuple[str, ...]:
    """Some six hundred words of finance, in code point order; Latin abbreviations in capitals."""
    return _read("finance_words.txt")


@cache
def stop_words() -> tuple[str, ...]:
    """Chinese words that no search is about, in code point order."""
    return _read("stop_words.txt")


def _read(name: str) -> tuple[str, ...]:
    return tuple((files("datasets_registry") / "lexicon" / name).read_text(encoding="utf-8").split())
