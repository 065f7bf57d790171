"""Names of securities, found by the code or the label beside them: parties that no ending gives away."""

import re
from collections.abc import Iterator, Sequence

from datasets_registry.records import Fact

CHARACTER = r"\u4e00-\u9fffA-Za-z*·"
RUN = re.compile(rf"[{CHARACTER}]{{2,}}\Z")
LABELLED = re.compile(rf"(?:证券|股票|基金)简称\s*[：:]\s*([{CHARACTER}]{{2,8}})(?![{CHARACTER}])")
BRACKET = re.compile(r"\s*[（(]\s*(?:(?:证券|股票|基金)?代码\s*[：:]?\s*)?\Z")
"""What may stand between a name and its code."""
BRACKET_LENGTH = 12

LONGEST = 8
USUAL = 4
"""Characters of most names, taken where nothing tells where a name begins."""
REPEATED = 3
"""A shorter ending that stands twice in a text is an everyday word: 股份."""


def with_names(text: str, facts: Sequence[Fact], start: int) -> list[Fact]:
    """The facts, and as parties the places from `start` on of every security's name; in order, without overlap.

    A name is 2 to 8 characters right before a bracketed code, or after 证券简称, 股票简称, 基金简称 and a colon.
    """
    names = sorted({*_names(text, facts)}, key=lambda name: (-len(name), name))
    if not names:
        return list(facts)
    taken = bytearray(len(text))
    for fact in facts:
        taken[fact.start : fact.end] = b"\1" * (fact.end - fact.start)
    places = re.compile("|".join(map(re.escape, names))).finditer(text, start)
    found = [Fact("party", place.group(), *place.span()) for place in places]
    free = [fact for fact in found if not any(taken[fact.start : fact.end])]
    return sorted([*facts, *free], key=lambda fact: fact.start)


def _names(text: str, facts: Sequence[Fact]) -> Iterator[str]:
    for label in LABELLED.finditer(text):
        yield label[1]
    floor = 0
    for fact in facts:
        before = text[max(floor, fact.start - BRACKET_LENGTH - LONGEST - 1) : fact.start]
        floor = fact.end
        bracket = BRACKET.search(before) if fact.kind == "code" else None
        run = RUN.search(before[: bracket.start()]) if bracket else None
        if run:
            yield _name(run.group(), text)


def _name(run: str, text: str) -> str:
    """Where the name at the end of a run begins: a name of more than the usual length must stand in the text twice."""
    if len(run) <= USUAL:
        return run
    endings = (run[-length:] for length in range(min(len(run), LONGEST), REPEATED - 1, -1))
    return next((ending for ending in endings if text.count(ending) > 1), run[-USUAL:])
