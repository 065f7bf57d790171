"""What the comparison page counts, shard by shard: causes, fields, sources, rules, lengths, and examples."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import orjson

from datasets_registry.records import Document
from tasks.comparison.changes import Change, analyse
from tasks.comparison.differences import Difference
from tasks.corpus.shards import Nothing
from tasks.pages.rendering import visible
from tasks.runtime.parts import Part, decode_as, encode_rows

EXAMPLES = 20
RECORDS = 10
EXCERPT = 120
CONTEXT = 50
SHOWN = 420
SHOWN_DIFFERENCE = 180
SHOWN_VALUE = 60
UNNAMED_SOURCE = "（未注明）"

LENGTH_EDGES = (-0.5, -0.2, -0.05, 0.0, 0.05, 0.2, 0.5)
LOSSES = ("< −50%", "−50% ~ −20%", "−20% ~ −5%", "−5% ~ 0")
UNCHANGED = "不变"
GAINS = ("0 ~ 5%", "5% ~ 20%", "20% ~ 50%", "≥ 50%")
LENGTH_RANGES = (*LOSSES, UNCHANGED, *GAINS)
"""The ranges of relative length change that the page draws, each from one edge up to the next."""

DERIVED = ("metadata.sha256", "metadata.edits", "metadata.facts")
"""Fields that are long and follow from others, so their values are not shown."""

Piece = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Record:
    """The beginning of a document that only one corpus has."""

    id: str
    source: str
    title: str
    file: str
    line: int
    excerpt: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One version of a changed document: text in pieces, each with whether the other version lacks it.

    `values` are the other fields that differ, with the beginnings of their values as JSON. The pieces are safe to read:
    what cannot be seen is written out.
    """

    title: str
    file: str
    line: int
    values: tuple[tuple[str, str], ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A changed document, side by side."""

    change: Change
    old: Shown
    new: Shown

    @property
    def order(self) -> str:
        """Examples in this order are a random sample, the same for any sharding."""
        return _order(self.change.id)


@dataclass(slots=True)
class Tally:
    """The counts of some rows that differ; tallies of other shards are added with `add`.

    `sources` counts rows by part (deleted, added, changed) and source, `characters` contents by part. `facts_changed`
    counts changed rows with other values of facts by cause. `lengths` counts them by range of relative length change,
    `removed` and `returned` characters of noise by cleaning rule.
    """

    sources: dict[str, Counter[str]] = field(default_factory=dict)
    characters: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    facts_changed: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    returned: Counter[str] = field(default_factory=Counter)
    lengths: Counter[str] = field(default_factory=Counter)
    input_changed: int = 0
    examples: dict[str, list[Example]] = field(default_factory=dict)
    records: dict[str, list[Record]] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Take in the tally of other rows."""
        for name in ("characters", "causes", "facts_changed", "fields", "removed", "returned", "lengths"):
            getattr(self, name).update(getattr(other, name))
        for part, sources in other.sources.items():
            self.sources.setdefault(part, Counter()).update(sources)
        self.input_changed += other.input_changed
        for cause, examples in other.examples.items():
            both = self.examples.get(cause, []) + examples
            self.examples[cause] = sorted(both, key=lambda example: example.order)[:EXAMPLES]
        for part, records in other.records.items():
            chosen = sorted(self.records.get(part, []) + records, key=lambda record: _order(record.id))
            self.records[part] = chosen[:RECORDS]


def merge_tallies(shards: Iterable[bytes]) -> Tally:
    """The tally of all rows that differ, from those of their shards."""
    total = Tally()
    for shard in shards:
        for tally in decode_as(shard, Tally):
            total.add(tally)
    return total


def analyse_changes(inputs: Sequence[bytes], config: Nothing) -> dict[str, Part]:
    """A shard of changed rows, old and new, to their `analysis` in the same order, and the `tally` of the shard."""
    tally = Tally()
    changes: list[Change] = []
    found: list[tuple[Change, Document, Document, list[Difference]]] = []
    for old, new in zip(decode_as(inputs[0], Document), decode_as(inputs[1], Document), strict=True):
        assert old.id == new.id, f"{old.id} stands beside {new.id}"
        change, differences = analyse(old, new)
        _count(tally, change)
        changes.append(change)
        found.append((change, old, new, differences))
    found.sort(key=lambda one: _order(one[0].id))
    for change, old, new, differences in found:
        examples = tally.examples.setdefault(change.cause, [])
        if len(examples) < EXAMPLES:
            examples.append(_example(change, old, new, differences))
    return {"analysis": encode_rows(changes), "tally": encode_rows([tally])}


def tally_deleted(inputs: Sequence[bytes], config: Nothing) -> dict[str, Part]:
    """The `tally` of a shard of rows that only the old corpus has."""
    return {"tally": encode_rows([_tally_records("deleted", inputs[0])])}


def tally_added(inputs: Sequence[bytes], config: Nothing) -> dict[str, Part]:
    """The `tally` of a shard of rows that only the new corpus has."""
    return {"tally": encode_rows([_tally_records("added", inputs[0])])}


def length_range(old: int, new: int) -> str:
    """Which of `LENGTH_RANGES` the relative change from one length in characters to another falls into."""
    if old == new:
        return UNCHANGED
    change = (new - old) / max(old, 1)
    passed = sum(change >= edge for edge in LENGTH_EDGES)
    return LENGTH_RANGES[passed + (change > 0)]


def _tally_records(part: str, shard: bytes) -> Tally:
    tally = Tally()
    sources = tally.sources.setdefault(part, Counter())
    records = []
    for document in decode_as(shard, Document):
        sources[document.source or UNNAMED_SOURCE] += 1
        tally.characters[part] += len(document.contents)
        records.append(_record(document))
    tally.records[part] = sorted(records, key=lambda record: _order(record.id))[:RECORDS]
    return tally


def _count(tally: Tally, change: Change) -> None:
    tally.causes[change.cause] += 1
    tally.facts_changed[change.cause] += bool(change.facts_removed or change.facts_added)
    tally.fields.update(change.kinds)
    tally.sources.setdefault("changed", Counter())[change.source or UNNAMED_SOURCE] += 1
    tally.characters.update(changed_old=change.old_length, changed_new=change.new_length)
    if "contents" in change.kinds:
        tally.lengths[length_range(change.old_length, change.new_length)] += 1
    tally.input_changed += change.input_changed
    side = tally.returned if change.cause == "noise_returned" else tally.removed
    side.update(change.rules)


def _example(change: Change, old: Document, new: Document, differences: Sequence[Difference]) -> Example:
    spans = [(one.old_start, one.old_end) for one in differences]
    new_spans = [(one.new_start, one.new_end) for one in differences]
    return Example(change, _shown(old, change, spans), _shown(new, change, new_spans))


def _shown(document: Document, change: Change, spans: Sequence[tuple[int, int]]) -> Shown:
    named = [kind for kind in change.kinds if kind not in ("contents", "title", *DERIVED)]
    values = tuple((name, _value(document, name)) for name in named)
    return Shown(document.title, *_place(document), values, tuple(pieces(document.contents, spans)))


def _value(document: Document, name: str) -> str:
    """The beginning of a field as JSON; empty where there is none."""
    group, _, key = name.partition(".")
    if not key:
        return str(getattr(document, group) or "")
    if key not in document.metadata:
        return ""
    value = document.metadata[key]
    return (value if isinstance(value, str) else orjson.dumps(value).decode())[:SHOWN_VALUE]


def pieces(text: str, spans: Sequence[tuple[int, int]]) -> list[Piece]:
    """The differing spans of a text with what stands around them, at most some 420 characters, in pieces.

    An empty span shows where the other version has more; a line end that differs is marked, since it has no ink.
    Without spans the beginning of the text is shown.
    """
    shown: list[Piece] = []
    room = SHOWN
    position = 0
    for start, end in spans:
        between = text[position:start]
        if len(between) > 2 * CONTEXT:
            between = f"{between[:CONTEXT]} … {between[-CONTEXT:]}" if position else f"… {between[-CONTEXT:]}"
        differing = text[start:end]
        if len(differing) > SHOWN_DIFFERENCE:
            half = SHOWN_DIFFERENCE // 2
            differing = f"{differing[:half]} … {differing[-half:]}"
        shown += [(visible(between), False), (visible(differing).replace("\n", "↵\n"), True)]
        position, room = end, room - len(between) - len(differing)
        if room <= 0:
            break
    rest = text[position : position + (CONTEXT if spans else EXCERPT)]
    shown += [(visible(rest), False), ("…" if position + len(rest) < len(text) else "", False)]
    return [(piece, differs) for piece, differs in shown if piece]


def _record(document: Document) -> Record:
    return Record(
        document.id, document.source, document.title, *_place(document), document.contents[:EXCERPT]
    )


def _place(document: Document) -> tuple[str, int]:
    return str(document.metadata["input_file"]), int(str(document.metadata["input_line"]))


def _order(row_id: str) -> str:
    return hashlib.sha256(row_id.encode()).hexdigest()
