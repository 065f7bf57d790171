"""HTML to text as edits, so that every character of the text can still be found in the page.

A parser would not say where its text came from. Only names that HTML knows make a tag: 利润<5% and
《关于修改<会计法>的决定》 stay as they are. The work is linear in the text, whatever the text.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datasets_registry.records import Edit

RULE = "html"

BLOCK = (
    "address|article|aside|blockquote|body|br|center|dd|details|dialog|div|dl|dt|fieldset|"
    "figcaption|figure|footer|form|h1|h2|h3|h4|h5|h6|head|header|hr|html|legend|li|link|"
    "main|menu|meta|nav|ol|option|p|pre|section|select|summary|table|tbody|tfoot|thead|"
    "title|tr|ul"
)
CELL = "td|th"
SILENT = "iframe|noscript|object|script|style|svg|template"
INLINE = (
    "a|abbr|acronym|audio|b|base|bdi|bdo|big|button|caption|cite|code|col|colgroup|del|dfn|em|embed|font|i|img|"
    "input|ins|kbd|label|map|mark|param|picture|q|s|samp|small|source|span|strike|strong|sub|sup|textarea|time|"
    "tt|u|var|video|wbr"
)
NAMES = "|".join(sorted(f"{BLOCK}|{CELL}|{SILENT}|{INLINE}".split("|"), key=lambda name: (-len(name), name)))
BLOCKS, CELLS, SILENTS = (frozenset(names.split("|")) for names in (BLOCK, CELL, SILENT))
"""Elements that end lines, that are parted by bars, and whose contents are no text."""

ATTRIBUTES = r"""(?:(?:[^<>"']|"[^"<]*"|'[^'<]*')*>|[^<>]*>)"""
"""To the end of the tag: a `>` in quotes is passed over, unless the quotes are not closed before the next `<`."""

MARK = re.compile(
    rf"""(?P<comment><!--)
    | <(?P<closing>/?)
      (?:(?P<name>{NAMES})(?=[\s/>])(?:(?<!<[abipqsu])|(?=\s*/?>|\s+[a-z-]+\s*=))|[ovw]:[a-z]+(?=[\s/>])){ATTRIBUTES}
    | <(?:!doctype|\?xml)\b[^<>]*> | <!\[CDATA\[ | \]\]>
    | (?P<entity>&(?:amp;)*(?:\#[0-9]{{1,7}}|\#x[0-9a-f]{{1,6}}|[a-z][a-z0-9]{{1,31}});)""",
    re.VERBOSE | re.IGNORECASE,
)
"""What is markup. A name of one letter, as in `if a <b and c> d`, makes a tag only if its attributes are real."""

LINE_BREAK = re.compile(r"(?<![ \t\r])[ \t\r]*\n\s*")


def html_edits(text: str) -> list[Edit]:
    """The edits that turn HTML in a text into lines: blocks end lines, cells of a row are parted by ` | `."""
    marks = list(MARK.finditer(text)) if "<" in text or "&" in text else []
    return list(_edits(text, marks))


@dataclass(slots=True)
class _Table:
    """Where in a table the text stands: how deep, whether in a cell, and whether the row has had one."""

    depth: int = 0
    in_cell: bool = False
    row_has_cell: bool = False

    def pass_tag(self, name: str, closing: bool) -> str:
        """Note where a tag leads, and say what it becomes."""
        if name in CELLS:
            parted = self.row_has_cell and not closing
            self.in_cell = self.depth > 0 and not closing
            self.row_has_cell = True
            return " | " if parted else ""
        if name == "table":
            self.depth = max(0, self.depth + (-1 if closing else 1))
        if name in ("tr", "table"):
            self.in_cell = self.row_has_cell = False
        if name in BLOCKS:
            return " " if self.in_cell else "\n"
        return ""

    def line_break(self) -> str | None:
        """What a line break in the page becomes: a space in a cell, nothing between cells, elsewhere it stays."""
        if self.in_cell:
            return " "
        return "" if self.depth and self.row_has_cell else None


def _edits(text: str, marks: Sequence[re.Match[str]]) -> Iterator[Edit]:
    table = _Table()
    closings = {mark["name"].lower(): mark.start() for mark in marks if mark["closing"] and mark["name"]}
    comments_end = text.rfind("-->")
    position = 0
    silent = ""
    for mark in marks:
        start, end = mark.span()
        name = (mark["name"] or "").lower()
        if start < position or (silent and not (mark["closing"] and name == silent)):
            continue
        if silent:
            yield Edit(position, end, "", RULE)
            position, silent = end, ""
            continue
        if table.depth:
            yield from _line_breaks(text, position, start, table)
        replacement = table.pass_tag(name, bool(mark["closing"])) if name else ""
        if mark["entity"]:
            replacement = _decoded(mark["entity"])
        elif mark["comment"] and comments_end >= end:
            end = text.index("-->", end) + len("-->")
        elif name in SILENTS and not mark["closing"] and closings.get(name, 0) > start:
            silent = name
        if replacement != mark["entity"]:
            yield Edit(start, end, replacement, RULE)
        position = end


def _line_breaks(text: str, start: int, end: int, table: _Table) -> Iterator[Edit]:
    replacement = table.line_break()
    if replacement is not None:
        for match in LINE_BREAK.finditer(text, start, end):
            yield Edit(*match.span(), replacement, RULE)


def _decoded(entity: str) -> str:
    """The character of an entity that may have been escaped several times; an entity of no known name stays."""
    name = re.sub("^&(?:amp;)+", "&", entity, flags=re.IGNORECASE)
    character = html.unescape(name)
    return entity if character == name and name == entity else character
