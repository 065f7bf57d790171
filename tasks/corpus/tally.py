"""What the report counts, shard by shard: sources, rules, lengths, years, and examples of everything that went."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from datasets_registry.records import Decision, Document, InputRow
from tasks.corpus.report import (
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
from tasks.runtime.parts import Part, decode_as, encode_rows

EXAMPLES = 3
CONTEXT = 40
SAMPLE = 20
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

    @property
    def order(self) -> str:
        """Duplicates in this order are a random sample, the same for any sharding."""
        return hashlib.sha256(self.side.id.encode()).hexdigest()


@dataclass(slots=True)
class Tally:
    """The counts of some lines; tallies of neighbouring shards are added with `add`.

    `before` and `after`: text lengths as input and as kept. `raw`, `clean`: characters of kept texts before and after.
    """

    rows: Counter[str] = field(default_factory=Counter)
    retained: Counter[str] = field(default_factory=Counter)
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
    removed: list[Removed] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take in the tally of the lines that follow."""
        for name in ("rows", "retained", "edits", "characters", "years", "quarantined"):
            getattr(self, name).update(getattr(other, name))
        self.examples = other.examples | self.examples
        self.before += other.before
        self.after += other.after
        self.raw += other.raw
        self.clean += other.clean
        for reason, examples in other.gone.items():
            self.gone[reason] = (self.gone.get(reason, []) + examples)[:EXAMPLES]
        self.removed = sorted(self.removed + other.removed, key=lambda removed: removed.order)[:SAMPLE]


def tally_lines(inputs: list[bytes], config: Nothing) -> dict[str, Part]:
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
    tally.removed = sorted(tally.removed, key=lambda removed: removed.order)[:SAMPLE]
    return {"tally": encode_rows([tally])}


def merge(tallies: Iterable[Tally]) -> Tally:
    """The tally of all lines."""
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def report_data(
    total: Tally, corpus: str, sha256: str, facts: tuple[tuple[str, str], ...], witnesses: dict[str, Document]
) -> ReportData:
    """What the report page shows, from the tally of all lines and the witnesses of the sampled removals."""
    bad = set(total.quarantined)
    return ReportData(
        corpus=corpus,
        sha256=sha256,
        facts=facts,
        raw_characters=total.raw,
        clean_characters=total.clean,
        quarantined=dict(total.quarantined),
        sources=tuple(
            SourceRow(name, rows, total.retained[name]) for name, rows in sorted(total.rows.items())
        ),
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
                _side(witnesses[removed.witness]),
                removed.evidence,
            )
            for removed in total.removed
        ),
    )


def _count(tally: Tally, row: InputRow, document: Document | None, decision: Decision) -> None:
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
        evidence, witness = str(decision.evidence), str(decision.witness)
        removed = Removed(_side(document), str(decision.layer), decision.score or 0.0, witness, evidence)
        tally.removed.append(removed)
    elif document:
        tally.after.append(len(document.contents))
        tally.raw += len(text)
        tally.clean += len(document.contents)
        _count_edits(tally, text, document)


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
