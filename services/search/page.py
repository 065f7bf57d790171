"""The page at `/`: one query by three methods side by side, to see what each is worth.

A form and a table, no script and nothing from elsewhere; what documents say is escaped text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets_registry.records import Hit
from tasks.pages.rendering import EXCERPT, render
from tasks.retrieval.index import Method

TEMPLATE = Path(__file__).with_name("search.html.j2")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
METHOD_NAMES: Mapping[Method, str] = {"bm25": "BM25（词）", "dense": "向量（义）", "hybrid": "混合"}

Piece = tuple[str, bool]
"""A stretch of text, and whether it is a word of the query."""


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form; `as_of` as it was typed."""

    query: str = ""
    as_of: str = ""
    top_k: int = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """A hit as the page shows it."""

    id: str
    score: float
    title: list[Piece]
    text: list[Piece]
    published: str
    source: str
    place: str


def page(
    form: Form,
    version: str | None,
    found: Mapping[Method, Sequence[Hit]],
    words: Sequence[str],
    problem: str = "",
) -> str:
    """The page: the form, then a column a method, or what was wrong with the request."""
    columns = {METHOD_NAMES[method]: [_shown(hit, words) for hit in hits] for method, hits in found.items()}
    return render(TEMPLATE, form=form, version=version or "", columns=columns, problem=problem)


def marked(text: str, words: Sequence[str]) -> list[Piece]:
    """The text cut where words of the query stand, longest first where they overlap; letters' case does not count."""
    return list(_pieces(text, sorted({word.lower() for word in words if word}, key=len, reverse=True)))


def _pieces(text: str, words: list[str]) -> Iterator[Piece]:
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text  # a few letters grow when lowered, and offsets would be wrong
    plain = position = 0
    while position < len(text):
        word = next((word for word in words if lowered.startswith(word, position)), "")
        if word:
            if plain < position:
                yield text[plain:position], False
            yield text[position : position + len(word)], True
            plain = position + len(word)
        position += len(word) or 1
    if plain < len(text):
        yield text[plain:], False


def _shown(hit: Hit, words: Sequence[str]) -> Shown:
    passage = hit.passage
    text = passage.text if len(passage.text) <= EXCERPT else passage.text[:EXCERPT] + "…"
    return Shown(
        hit.document,
        hit.score,
        marked(passage.title or hit.document, words),
        marked(text, words),
        passage.published or "日期不详",
        passage.source,
        f"{passage.file}:{passage.line}" if passage.file else "",
    )
