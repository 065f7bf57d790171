"""Cut documents into passages, the units of search: about 300 characters, ended at sentences and headings.

Every passage is a slice of its document's `contents`, so a citation can always be traced to the character.
All characters but white space stand in at least one passage; neighbours may share a short overlap.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from datasets_registry.records import Document, Passage
from tasks.indexing.config import PassageConfig
from tasks.text.sentences import sentence_spans

MAX_HEADING = 40
NUMBER = r"[一二三四五六七八九十百千零〇两\d]+"
HEADINGS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (10, re.compile(rf"(第{NUMBER}[编篇](?:\s+\S.*)?)$")),
    (11, re.compile(rf"(第{NUMBER}章(?:\s*\S.*)?)$")),
    (12, re.compile(rf"(第{NUMBER}节(?:\s*\S.*)?)$")),
    (13, re.compile(rf"(第{NUMBER}条(?:之{NUMBER})?)(?=[\s：:【（(]|$)")),
    (14, re.compile(rf"({NUMBER}、[^。；;，,：:]{{2,30}})(?:。(?=.)|$)")),
    (15, re.compile(rf"([（(]{NUMBER}[）)][^。；;，,：:]{{2,30}})(?:。(?=.)|$)")),
)
"""Depth and form of Chinese headings. `一、` and `（一）` also head the paragraph that they run into."""
MARKDOWN = re.compile(r"(#{1,6})\s+(\S.*)")
CUT_AFTER = "；;，,、：: 　"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is never cut again: a sentence, or a piece of one that is too long.

    `opens`: a section begins here. `bare`: nothing but a heading.
    """

    start: int
    end: int
    heading: str
    opens: bool
    bare: bool


def split_passages(documents: Iterable[Document], config: PassageConfig) -> Iterator[Passage]:
    """The passages of the documents, in order; a document without text has none."""
    for document in documents:
        for ordinal, (start, end, heading) in enumerate(passage_spans(document.contents, config)):
            yield Passage(
                id=f"{document.id}#{ordinal}",
                parents=(document.id,),
                title=document.title,
                heading=heading,
                text=document.contents[start:end],
                start=start,
                end=end,
                published=document.published,
                source=document.source,
                file=str(document.metadata.get("input_file", "")),
                line=int(str(document.metadata.get("input_line", 0))),
                kind=_tag(document, "kind"),
                tenant=_tag(document, "tenant"),
            )


def _tag(document: Document, name: str) -> str:
    """A field of the metadata as text, empty where it is absent or null: a tenant that is no text hides, too."""
    value = document.metadata.get(name)
    return "" if value is None else str(value)


def passage_spans(text: str, config: PassageConfig) -> Iterator[tuple[int, int, str]]:
    """Start, end and heading of each passage of one text."""
    groups: list[list[Unit]] = []
    group: list[Unit] = []
    for unit in _units(text, config.target_characters):
        too_long = bool(group) and unit.end - group[0].start > config.target_characters
        if group and (unit.opens or too_long) and _length(group) >= config.min_characters:
            groups.append(group)
            group = [] if unit.opens else _overlap(group, config)
        group.append(unit)
    if groups and _length(group) < config.min_characters and not any(unit.opens for unit in group):
        groups[-1].extend(unit for unit in group if unit.start >= groups[-1][-1].end)
    elif group:
        groups.append(group)
    for units in groups:
        body = next((unit for unit in units if not unit.bare), units[-1])
        yield units[0].start, units[-1].end, body.heading


def _units(text: str, limit: int) -> Iterator[Unit]:
    """The sentences of every line, long ones cut, each with the headings that it stands under."""
    path: list[tuple[int, str]] = []
    for line in re.finditer(r"[^\n\r]+", text):
        found = _heading(line.group().strip())
        if found:
            path = [*((depth, name) for depth, name in path if depth < found[0]), found]
        opens = found is not None
        heading = " ".join(name for _, name in path)
        for start, end in sentence_spans(line.group()):
            for piece in _pieces(text, line.start() + start, line.start() + end, limit):
                bare = found is not None and text[slice(*piece)].lstrip("# ").rstrip("。# ") == found[1]
                yield Unit(*piece, heading, opens, bare)
                opens = False


def _heading(line: str) -> tuple[int, str] | None:
    """Depth and words of the heading that a line is or begins with."""
    markdown = MARKDOWN.match(line)
    if markdown:
        return len(markdown[1]), markdown[2].rstrip("# ")[:MAX_HEADING]
    for depth, form in HEADINGS:
        match = form.match(line)
        if match and len(match[1]) <= MAX_HEADING:
            return depth, match[1]
    return None


def _pieces(text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    """The span without white space at its ends, cut after commas (else anywhere) where it passes `limit`."""
    while (start := _past_space(text, start, end)) + limit < end:
        window = text[start + limit // 2 : start + limit]
        cut = max(window.rfind(mark) for mark in CUT_AFTER)
        middle = start + limit // 2 + cut + 1 if cut >= 0 else start + limit
        yield start, start + len(text[start:middle].rstrip())
        start = middle
    if rest := text[start:end].rstrip():
        yield start, start + len(rest)


def _past_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _overlap(group: list[Unit], config: PassageConfig) -> list[Unit]:
    """The sentences that the next passage repeats: whole ones, and never more than the limit."""
    last = (
        group[len(group) - config.overlap_sentences :] if config.overlap_sentences < len(group) else group[1:]
    )
    return list(last) if last and _length(last) <= config.overlap_characters else []


def _length(units: list[Unit]) -> int:
    return units[-1].end - units[0].start if units else 0
