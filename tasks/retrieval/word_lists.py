"""The words that a user adds to the segmenter's dictionary, and the stop words that search leaves out.

A list is a file, one word a line; what follows white space is passed over, since jieba's dictionaries have a frequency
and a part of speech there. It is folded, sorted and stored once; the index carries a copy and is queried by that.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tasks.retrieval.config import TokenConfig
from tasks.text.segment import fold

USER_WORDS = "user_words.txt"
STOP_WORDS = "stop_words.txt"
"""The lists as files of an index."""
LONGEST = 100
"""Characters; a longer line is a sentence, and the file probably no list of words."""


class BadWords(ValueError):
    """A file is no list of words."""


@dataclass(frozen=True, slots=True)
class WordLists:
    """The lists of an index, folded and sorted: `user` words are cut whole and boosted, `stop` words are left out."""

    user: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()


def list_names(config: TokenConfig) -> list[str]:
    """The files that an index with these settings has, in this order."""
    named = ((USER_WORDS, config.user_words), (STOP_WORDS, config.stop_words))
    return [name for name, given in named if given]


def word_lists(config: TokenConfig, read: Callable[[str], bytes]) -> WordLists:
    """The lists that a configuration names; `read` gives the bytes of a file by its name in an index."""
    held = {name: tuple(read(name).decode().split("\n")) for name in list_names(config)}
    return WordLists(held.get(USER_WORDS, ()), held.get(STOP_WORDS, ()))


def read_words(path: Path) -> list[str]:
    """The words of a file, folded (NFKC, lower case), sorted and distinct; punctuation is no word to begin with.

    Raises:
        BadWords: it cannot be read, holds no word, or one of more than `LONGEST` characters.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadWords(f"{path} cannot be read: {error}; give a UTF-8 file of words, one a line") from error
    found = {fold(line.split()[0]) for line in lines if line.strip()}
    words = sorted(word for word in found if any(map(str.isalnum, word)))
    if not words:
        raise BadWords(f"{path} holds no word; give a file of words, one a line")
    longest = max(words, key=len)
    if len(longest) > LONGEST:
        raise BadWords(
            f"{path} has a line of {len(longest)} characters, {longest[:20]}..., wanted words of at most {LONGEST}; "
            "give a file of words, one a line"
        )
    return words


def encode_words(words: Iterable[str]) -> bytes:
    """The bytes of a list of words."""
    return "\n".join(words).encode()
