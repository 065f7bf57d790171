"""Raw text to clean text, as edits that each name the rule that made them.

A rule removes the noise, not the sentence around it, so every pattern here is bound to how noise stands in a page: as a
piece of its own, as a run of menu entries, or as an advertisement that calls for something.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from datasets_registry.records import Edit
from tasks.corpus.config import CleaningConfig, Rule
from tasks.corpus.edits import apply_edits, compose, join_neighbours
from tasks.corpus.html import html_edits
from tasks.corpus.noise import footers, menus, navigation, spam

NODE_ID = re.compile(
    r"node id:\s*[0-9a-f]{8}[0-9a-f-]{0,56}\s*text:\s?|\A\s*node id:\s*\S{1,64}\s*text:\s?", re.IGNORECASE
)

INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff9-\ufffc\U000e0000-\U000e01ef]+"
)
"""Control characters, zero widths, direction marks, fillers, tag characters, and surrogates without a partner."""

SPACE = re.compile(r"\s+")


def clean(raw: str, config: CleaningConfig) -> tuple[str, list[Edit]]:
    """The cleaned text, and the edits over the raw text that make it."""
    text = raw
    edits: list[Edit] = []
    for rule, find in _passes(config):
        found = find(text) if rule not in config.skip else []
        if found:
            edits = compose(edits, found)
            text = apply_edits(text, found)
    return text, join_neighbours(edits)


def _passes(config: CleaningConfig) -> Iterator[tuple[Rule, Callable[[str], list[Edit]]]]:
    """The rules in order. Markup is taken twice: what had been escaped shows itself after the first time."""
    yield "node_id", lambda text: _removals("node_id", (match.span() for match in NODE_ID.finditer(text)))
    for _ in range(2):
        yield (
            "invisible",
            lambda text: _removals("invisible", (match.span() for match in INVISIBLE.finditer(text))),
        )
        yield "html", html_edits
    yield "footer", lambda text: _removals("footer", footers(text))
    yield "finance_spam", lambda text: _removals("finance_spam", spam(text))
    yield "navigation", lambda text: _removals("navigation", menus(text, config.menu_items))
    yield "navigation", lambda text: _removals("navigation", navigation(text))
    yield "whitespace", _white_space


def _removals(rule: Rule, spans: Iterable[tuple[int, int]]) -> list[Edit]:
    return [Edit(start, end, "", rule) for start, end in spans]


def _white_space(text: str) -> list[Edit]:
    """A run of white space becomes a line end if it holds one, else a space; none stays at either end of the text."""
    edits: list[Edit] = []
    for match in SPACE.finditer(text):
        start, end = match.span()
        wanted = "\n" if "\n" in match.group() else " "
        if start == 0 or end == len(text):
            wanted = ""
        if match.group() != wanted:
            edits.append(Edit(start, end, wanted, "whitespace"))
    return edits
