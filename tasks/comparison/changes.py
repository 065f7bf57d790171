"""What became of one document between two corpora, and the likely cause.

Both versions are cleaned once more by the rules as they are now. What is the same then differed in noise alone; what is
not is judged by its cleaned text, so that a menu that went neither hides a sentence that went with it nor makes the
phone number in it a fact that changed. Where sizes are weighed, white space does not count.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson
from pydantic import JsonValue

from datasets_registry.records import Document, JsonObject
from tasks.comparison.differences import Difference, differences
from tasks.corpus.cleaning import clean
from tasks.corpus.config import CleaningConfig
from tasks.corpus.structured import PAIR
from tasks.text.facts import find_facts

Cause = Literal[
    "facts_changed",
    "truncated",
    "noise_returned",
    "rewritten",
    "extended",
    "noise_removal",
    "whitespace_only",
    "metadata_only",
]
"""Likely causes, those first that a person should look at first.

`noise_removal`: text went, and cleaning both versions gives the same or nearly so; or text of the same input line went,
which only cleaning can have taken. `noise_returned`: the reverse. `truncated`: one piece at the beginning or the end is
gone, nothing else changed and no fact is new; `extended`: the reverse. `facts_changed`: another change of the text,
and its facts have other values. `rewritten`: another, and they have not. `metadata_only`: the text is the same.
"""

PLACE = ("input_file", "input_line")
"""Metadata that say where the input line stood: a document that only moved is equal."""

REPLACED = 0.1
"""Most characters that may come for one that goes in a removal: an entity becomes a character, a tag a line end."""
NOISE_SHARE = 0.8
"""Smallest share of what went that cleaning must know for noise, where it does not know all of it."""
LEFT_OVER = 20
"""Most characters, less than a sentence, that it may then not know."""

MARKS = " \t:：=|｜\"'“”"
"""What may stand between a field and its value, and around the value."""

MOST_SPANS = 20
SPAN_TEXT = 80
MOST_FACTS = 20

Range = tuple[int, int]
Value = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start:end` of a text that the other text lacks; `text` is how they begin."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A row of `change_analysis.jsonl`.

    `kinds` are the fields that differ: contents, title, published, source, `metadata.NAME`. Lengths are in characters;
    `kept` is the share of the old text that still stands, 0 to 1. `removed` and `added` are the longest 20 of
    `removed_spans` and `added_spans` in order of place. `rules` counts by cleaning rule the characters of noise that
    went or came. Of the facts that only one version has outside of noise, the first 20 are listed: (kind, value), or
    (field, value) of a structured record.
    `input_changed`: the input line itself is another one, so the change need not come from our own cleaning.
    """

    id: str
    cause: Cause
    kinds: tuple[str, ...]
    source: str
    input_changed: bool
    old_length: int
    new_length: int
    kept: float
    removed_spans: int
    added_spans: int
    removed: tuple[Span, ...]
    added: tuple[Span, ...]
    rules: dict[str, int]
    facts_removed: tuple[Value, ...]
    facts_added: tuple[Value, ...]


def comparable(row: JsonObject) -> bytes:
    """The bytes by which two rows of a corpus are equal: all of a row but where its input line stood."""
    metadata = row["metadata"]
    assert isinstance(metadata, dict), "a document's metadata is an object"
    kept = {name: value for name, value in metadata.items() if name not in PLACE}
    return orjson.dumps(row | {"metadata": kept}, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Reading:
    """One version of a document as cleaning leaves it: its text, characters of noise by rule, and its facts."""

    text: str
    noise: Counter[str]
    facts: frozenset[Value]


def analyse(old: Document, new: Document) -> tuple[Change, list[Difference]]:
    """What changed from one version of a document to the next, and where the texts differ."""
    found = differences(old.contents, new.contents)
    gone, came = _gone(found), _came(found)
    before, after = _read(old), _read(new)
    cause, rules = _cause(old, new, before, after, found) if found else ("metadata_only", {})
    change = Change(
        id=new.id,
        cause=cause,
        kinds=tuple(changed_fields(old, new)),
        source=new.source,
        input_changed=old.metadata["sha256"] != new.metadata["sha256"],
        old_length=len(old.contents),
        new_length=len(new.contents),
        kept=round(1 - sum(end - start for start, end in gone) / max(len(old.contents), 1), 4),
        removed_spans=len(gone),
        added_spans=len(came),
        removed=_longest(old.contents, gone),
        added=_longest(new.contents, came),
        rules=dict(sorted(rules.items())),
        facts_removed=tuple(sorted(before.facts - after.facts)[:MOST_FACTS]),
        facts_added=tuple(sorted(after.facts - before.facts)[:MOST_FACTS]),
    )
    return change, found


def changed_fields(old: Document, new: Document) -> list[str]:
    """The names of the fields that differ, metadata fields as `metadata.NAME`, without where the input line stood."""
    named = ("contents", "title", "published", "source")
    fields = [name for name in named if getattr(old, name) != getattr(new, name)]
    known = sorted((old.metadata.keys() | new.metadata.keys()) - set(PLACE))
    return fields + [f"metadata.{name}" for name in known if _plain(old, name) != _plain(new, name)]


def _plain(document: Document, name: str) -> bytes | None:
    """A metadata field as JSON, since to Python true is 1 and 1 is 1.0; None where there is none."""
    if name not in document.metadata:
        return None
    return orjson.dumps(document.metadata[name], option=orjson.OPT_SORT_KEYS)


def _read(document: Document) -> Reading:
    text, edits = clean(document.contents, CleaningConfig())
    noise: Counter[str] = Counter()
    for edit in edits:
        noise[edit.rule] += _ink(document.contents[edit.start : edit.end])
    del noise["whitespace"]
    return Reading(text, +noise, frozenset(_facts(document, text)))


def _facts(document: Document, text: str) -> Iterator[Value]:
    """The facts of a cleaned text; of a structured record its fields, since a bare price is no fact of a text."""
    record = document.metadata.get("record")
    if isinstance(record, dict):
        yield from _fields("", record)
        return
    yield from ((fact.kind, fact.value) for fact in find_facts(text))
    if "edits" not in document.metadata:
        for pair in PAIR.finditer(text):
            yield pair[1], pair.group()[len(pair[1]) :].strip(MARKS)


def _fields(name: str, value: JsonValue) -> Iterator[Value]:
    """The fields of a record with their values as text; those of a record inside it as `outer.inner`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(f"{name}.{key}" if name else key, inner)
    elif value is not None:
        yield name, value if isinstance(value, str) else orjson.dumps(value).decode()


def _cause(
    old: Document, new: Document, before: Reading, after: Reading, found: Sequence[Difference]
) -> tuple[Cause, dict[str, int]]:
    """The likely cause of a changed text, and the characters that cleaning rules explain."""
    lost, gained = _ink_of(old.contents, _gone(found)), _ink_of(new.contents, _came(found))
    if _squeezed(old.contents) == _squeezed(new.contents):
        return "whitespace_only", {}
    left = differences(before.text, after.text)
    gone, came = _gone(left), _came(left)
    really_lost, really_gained = _ink_of(before.text, gone), _ink_of(after.text, came)
    unknown = really_lost + really_gained
    if gained <= REPLACED * lost and (removed := _noise(old, new, before, after, lost, unknown)):
        return "noise_removal", removed
    if lost <= REPLACED * gained and (returned := _noise(new, old, after, before, gained, unknown)):
        return "noise_returned", returned
    if really_gained <= REPLACED * really_lost and _is_at_an_end(before.text, gone):
        return ("truncated" if after.facts <= before.facts else "facts_changed"), {}
    if really_lost <= REPLACED * really_gained and _is_at_an_end(after.text, came):
        return ("extended" if before.facts <= after.facts else "facts_changed"), {}
    return ("rewritten" if before.facts == after.facts else "facts_changed"), {}


def _noise(
    longer: Document, shorter: Document, more: Reading, less: Reading, weight: int, unknown: int
) -> dict[str, int]:
    """The noise that only the longer version has, by rule; empty where it does not explain the difference.

    `weight` is how many characters the shorter one lacks, `unknown` how many differ when both are cleaned.
    """
    own, other = _edits(longer), _edits(shorter)
    if own is not None and other is not None and longer.metadata["sha256"] == shorter.metadata["sha256"]:
        taken: Counter[str] = Counter()
        for start, end, replacement, rule in other - own:
            taken[rule] += end - start - len(replacement)
        del taken["whitespace"]
        return +taken
    nearly = unknown <= min(LEFT_OVER, (1 - NOISE_SHARE) * weight) and more.facts == less.facts
    return more.noise - less.noise if nearly or not unknown else {}


def _edits(document: Document) -> set[tuple[int, int, str, str]] | None:
    """The edits that cleaning made; None for a structured record, which it never touches."""
    edits = document.metadata.get("edits")
    return {_edit(edit) for edit in edits} if isinstance(edits, list) else None


def _edit(edit: JsonValue) -> tuple[int, int, str, str]:
    assert isinstance(edit, list), "an edit is [start, end, replacement, rule]"
    return int(str(edit[0])), int(str(edit[1])), str(edit[2]), str(edit[3])


def _is_at_an_end(text: str, spans: Sequence[Range]) -> bool:
    """Whether the spans that are not white space are one, and it is the text's beginning or end."""
    inked = [(start, end) for start, end in spans if text[start:end].strip()]
    return len(inked) == 1 and not (text[: inked[0][0]].strip() and text[inked[0][1] :].strip())


def _gone(found: Sequence[Difference]) -> list[Range]:
    return [(one.old_start, one.old_end) for one in found if one.old_end > one.old_start]


def _came(found: Sequence[Difference]) -> list[Range]:
    return [(one.new_start, one.new_end) for one in found if one.new_end > one.new_start]


def _ink_of(text: str, spans: Sequence[Range]) -> int:
    return sum(_ink(text[start:end]) for start, end in spans)


def _ink(text: str) -> int:
    """How many characters are not white space."""
    return len(_squeezed(text))


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _longest(text: str, spans: Sequence[Range]) -> tuple[Span, ...]:
    chosen = sorted(spans, key=lambda span: (span[0] - span[1], span[0]))[:MOST_SPANS]
    return tuple(Span(start, end, text[start : min(end, start + SPAN_TEXT)]) for start, end in sorted(chosen))
