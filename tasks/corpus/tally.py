"""What the report counts, shard by shard: sources, rules, lengths, years, and examples of everything that went."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from datasets_registry.records import Decision, Document, Family, InputRow
from tasks.corpus.report_rows import (
    Apart,
    EditExample,
    LineExample,
    Removal,
    ReportData,
    RuleRow,
    Side,
    SourceRow,
    length_bins,
    year_counts,
)
from tasks.corpus.shards import Entry, Nothing, ReadLine
from tasks.pages.rendering import percent
from tasks.runtime.parts import Part, decode_as, encode_rows

EXAMPLES = 3
CONTEXT = 40
SAMPLE = 20
"""Duplicates of each layer that are shown."""
FAMILIES = 20
LIMITED = "family"
"""The reason of a text that goes because enough of its template family stay."""
EXCERPT = 120
UNNAMED_SOURCE = "（未注明）"


@dataclass(frozen=True, slots=True)
class Removed:
    """A duplicate that went, before its witness is looked up."""

    side: Side
    layer: str
    score: float
    witness: str
    evidence: str
    limited: bool = False

    @property
    def order(self) -> str:
        """Duplicates in this order are a random sample, the same for any sharding."""
        return hashlib.sha256(self.side.id.encode()).hexdigest()


@dataclass(slots=True)
class Tally:
    """The counts of some lines; tallies of neighbouring shards are added with `add`.

    `rows`, `retained`, `kept` and, by layer, `duplicates` count by source; lines that gave way to another version do
    not count. `before` and `after`: text lengths as input and as kept. `raw`, `clean`: characters of kept texts before
    and after. `removed` is a sample of each layer.
    """

    rows: Counter[str] = field(default_factory=Counter)
    retained: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    duplicates: dict[str, Counter[str]] = field(default_factory=dict)
    edits: Counter[str] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)
    examples: dict[str, EditExample] = field(default_factory=dict)
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    years: Counter[str] = field(default_factory=Counter)
    raw: int = 0
    clean: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    gone: dict[str, list[LineExample]] = field(default_factory=dict)
    removed: dict[str, list[Removed]] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Take in the tally of the lines that follow."""
        for name in ("rows", "retained", "kept", "edits", "characters", "years", "quarantined"):
            getattr(self, name).update(getattr(other, name))
        self.examples = other.examples | self.examples
        self.before += other.before
        self.after += other.after
        self.raw += other.raw
        self.clean += other.clean
        for reason, examples in other.gone.items():
            self.gone[reason] = (self.gone.get(reason, []) + examples)[:EXAMPLES]
        for source, layers in other.duplicates.items():
            self.duplicates.setdefault(source, Counter()).update(layers)
        for layer, removed in other.removed.items():
            self.removed[layer] = _sample(self.removed.get(layer, []) + removed)

    def named(self) -> set[str]:
        """The ids of the witnesses of the sampled removals."""
        return {removed.witness for sample in self.removed.values() for removed in sample}


def tally_lines(inputs: Sequence[bytes], config: Nothing) -> dict[str, Part]:
    """The tally of a shard from its `lines`, `entries` and final `decisions`, which match one to one."""
    tally = Tally()
    matched = zip(
        decode_as(inputs[0], ReadLine),
        decode_as(inputs[1], Entry),
        decode_as(inputs[2], Decision),
        strict=True,
    )
    for line, entry, decision in matched:
        if line.row is None:
            tally.quarantined[str(decision.reason)] += 1
            _note(tally, decision, "")
        else:
            _count(tally, line.row, entry.document, decision)
    tally.removed = {layer: _sample(removed) for layer, removed in tally.removed.items()}
    return {"tally": encode_rows([tally])}


def merge(tallies: Iterable[Tally]) -> Tally:
    """The tally of all lines."""
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def engine_fact(measured: Mapping[str, object]) -> tuple[str, str]:
    """An engine that misses pairs, and how many it missed in a sample, as a line of the page's head."""
    pairs, found = int(str(measured["pairs"])), int(str(measured["found"]))
    share = percent(found, pairs) if pairs else "无从计算"
    said = f"抽样 {measured['texts']} 篇，精确方法找到 {pairs:,} 对，它找到其中 {found:,} 对，召回率 {share}"
    return "配对引擎", f"{measured['engine']}（{measured['setting']}）：{said}"


def held_apart(pairs: Iterable[Mapping[str, object]], families: Sequence[Family]) -> Apart:
    """What the guard held apart: from its rows `id` and `leader`, and the largest families, largest first."""
    leaders = {str(row["id"]): str(row["leader"]) for row in pairs}
    return Apart(len(leaders), len(set(leaders.values()) - leaders.keys()), tuple(families[:FAMILIES]))


def report_data(
    total: Tally,
    corpus: str,
    sha256: str,
    facts: tuple[tuple[str, str], ...],
    held: Apart,
    documents: Mapping[str, Document],
) -> ReportData:
    """What the report page shows, from the tally of all lines.

    `documents` are those that the sampled removals and the families name.
    """
    bad = set(total.quarantined)
    named = {name: _side(documents[name]) for name in held.named() if name in documents}
    return ReportData(
        corpus=corpus,
        sha256=sha256,
        facts=facts,
        raw_characters=total.raw,
        clean_characters=total.clean,
        quarantined=dict(total.quarantined),
        sources=tuple(_source(total, name) for name in sorted(total.rows)),
        rules=tuple(
            RuleRow(rule, edits, total.characters[rule], total.examples.get(rule))
            for rule, edits in sorted(total.edits.items())
        ),
        lengths=length_bins(total.before, total.after),
        years=year_counts(year for year, count in sorted(total.years.items()) for _ in range(count)),
        filtered_examples=tuple(_examples(total, set(total.gone) - bad)),
        quarantined_examples=tuple(_examples(total, bad)),
        removals=tuple(
            Removal(
                removed.layer,
                removed.score,
                removed.side,
                _side(documents[removed.witness]),
                removed.evidence,
                removed.limited,
            )
            for layer in sorted(total.removed)
            for removed in total.removed[layer]
        ),
        apart=replace(held, documents=named),
    )


def _count(tally: Tally, row: InputRow, document: Document | None, decision: Decision) -> None:
    if decision.decision == "superseded":
        return
    source = row.source or UNNAMED_SOURCE
    tally.rows[source] += 1
    if decision.decision in ("kept", "structured"):
        tally.retained[source] += 1
        tally.years[row.published or ""] += 1
    if decision.decision == "structured":
        return
    text = row.text or ""
    tally.before.append(len(text))
    if decision.decision == "filtered":
        _note(tally, decision, text[:EXCERPT])
    elif document and decision.decision == "duplicate":
        _count_duplicate(tally, source, document, decision)
    elif document:
        tally.kept[source] += 1
        tally.after.append(len(document.contents))
        tally.raw += len(text)
        tally.clean += len(document.contents)
        _count_edits(tally, text, document)


def _count_duplicate(tally: Tally, source: str, document: Document, decision: Decision) -> None:
    layer = str(decision.layer)
    tally.duplicates.setdefault(source, Counter())[layer] += 1
    removed = Removed(
        _side(document),
        layer,
        decision.score or 0.0,
        str(decision.witness),
        str(decision.evidence),
        decision.reason == LIMITED,
    )
    tally.removed.setdefault(layer, []).append(removed)


def _sample(removed: Iterable[Removed]) -> list[Removed]:
    return sorted(removed, key=lambda each: each.order)[:SAMPLE]


def _source(total: Tally, name: str) -> SourceRow:
    layers = total.duplicates.get(name, Counter())
    return SourceRow(
        name, total.rows[name], total.retained[name], total.kept[name], dict(sorted(layers.items()))
    )


def _count_edits(tally: Tally, text: str, document: Document) -> None:
    edits = document.metadata["edits"]
    assert isinstance(edits, list)
    for edit in edits:
        assert isinstance(edit, list)
        start, end, replacement, rule = int(str(edit[0])), int(str(edit[1])), str(edit[2]), str(edit[3])
        tally.edits[rule] += 1
        tally.characters[rule] += end - start - len(replacement)
        if rule not in tally.examples:
            left, right = text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]
            tally.examples[rule] = EditExample(document.id, left, text[start:end], replacement, right)


def _note(tally: Tally, decision: Decision, excerpt: str) -> None:
    examples = tally.gone.setdefault(str(decision.reason), [])
    if len(examples) < EXAMPLES:
        examples.append(LineExample(decision.file, decision.line, str(decision.reason), excerpt))


def _examples(total: Tally, reasons: set[str]) -> Iterator[LineExample]:
    for reason in sorted(reasons):
        yield from total.gone.get(reason, [])


def _side(document: Document) -> Side:
    origin = document.metadata
    return Side(
        document.id,
        str(origin["input_file"]),
        int(str(origin["input_line"])),
        document.title,
        document.contents,
    )
