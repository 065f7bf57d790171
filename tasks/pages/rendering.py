"""HTML pages from jinja2 templates: one file each, nothing loaded from anywhere, every text escaped.

Documents are hostile until shown otherwise: characters that cannot be seen or that reverse the text around them are
written out. Equal data gives equal bytes on any machine.
"""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

EXCERPT = 420
INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)


def render(template: Path, **data: object) -> str:
    """The page; `template` extends `page.html.j2`, which holds the style that all pages share."""
    folders = FileSystemLoader([template.parent, Path(__file__).parent])
    page = Environment(
        loader=folders, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page.filters |= {"number": number, "percent": percent, "visible": visible, "excerpt": excerpt}
    return page.get_template(template.name).render(**data)


def visible(text: str) -> str:
    """Text whose invisible and direction-changing characters are written as their code points."""
    return INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def excerpt(text: str, length: int = EXCERPT) -> str:
    """The beginning of a text."""
    shown = visible(text[:length].strip())
    return shown if len(text) <= length else f"{shown}…"


def number(value: int) -> str:
    """A count with thousands separated."""
    return f"{value:,}"


def percent(part: float, whole: float = 1.0) -> str:
    """A share; one that is small but not nothing is not shown as nothing."""
    share = part / whole if whole else 0.0
    return "< 0.1%" if 0 < share < 0.0005 else f"{share:.1%}"
