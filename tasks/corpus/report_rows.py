"""What the report page shows, as rows: everything beside the accounts themselves."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from datasets_registry.records import Family

LENGTH_EDGES = (100, 200, 500, 1_000, 2_000, 5_000, 10_000)


@dataclass(frozen=True, slots=True)
class LineExample:
    """One input line that did not get through, with the beginning of what stood there."""

    file: str
    line: int
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """How many valid rows a source gave and how many of them are retained (structured or kept).

    `kept` counts its texts that are retained, `duplicates` by layer those that repeat another.
    """

    source: str
    rows: int
    retained: int
    kept: int = 0
    duplicates: Mapping[str, int] = field(default_factory=dict)

    @property
    def repeated(self) -> int:
        """How many of its texts went because they repeat another."""
        return sum(self.duplicates.values())

    @property
    def compared(self) -> int:
        """How many of its texts deduplication compared."""
        return self.kept + self.repeated

    @property
    def removal_rate(self) -> float:
        """The share of its rows that are gone, 0 to 1."""
        return 1 - self.retained / self.rows if self.rows else 0.0

    @property
    def alarming(self) -> bool:
        """More than half is gone: the source or a rule is broken more often than the texts are."""
        return self.removal_rate > 0.5


@dataclass(frozen=True, slots=True)
class EditExample:
    """One edit with the text around it: `removed` became `replacement`."""

    id: str
    left: str
    removed: str
    replacement: str
    right: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """What a cleaning rule did: how many edits, and how many characters fewer they leave."""

    rule: str
    edits: int
    characters: int
    example: EditExample | None = None


@dataclass(frozen=True, slots=True)
class LengthBin:
    """How many texts have a length in this range, before and after cleaning (after: kept texts only)."""

    label: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Side:
    """One of two documents that were compared."""

    id: str
    file: str
    line: int
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Removal:
    """A document that went, and the witness that stayed and spoke for its removal.

    `limited`: it differs from its witness, and went because enough of its template family stay.
    """

    layer: str
    score: float
    removed: Side
    witness: Side
    evidence: str = ""
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Apart:
    """What the identity guard held apart: how many documents, in how many families, and the largest of these.

    `documents` holds the documents that `largest` names, by id.
    """

    count: int = 0
    families: int = 0
    largest: tuple[Family, ...] = ()
    documents: Mapping[str, Side] = field(default_factory=dict)

    def named(self) -> set[str]:
        """The ids of the texts of the largest families that are shown."""
        return {name for each in self.largest for name in (each.root, *(one.id for one in each.members))}


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything the page shows beside the summary.

    `facts` are labelled lines of the head (input, settings, versions; no times). `raw_characters` and
    `clean_characters` count the texts that cleaning saw, before and after. `years` maps `YYYY`, or "" for no
    date, to documents retained. `removals` is a random sample of each layer, the same whenever it is drawn.
    """

    corpus: str
    sha256: str
    facts: tuple[tuple[str, str], ...]
    raw_characters: int
    clean_characters: int
    quarantined: dict[str, int]
    sources: tuple[SourceRow, ...] = ()
    rules: tuple[RuleRow, ...] = ()
    lengths: tuple[LengthBin, ...] = ()
    years: tuple[tuple[str, int], ...] = ()
    filtered_examples: tuple[LineExample, ...] = ()
    quarantined_examples: tuple[LineExample, ...] = ()
    removals: tuple[Removal, ...] = ()
    apart: Apart = Apart()


def length_bins(before: Iterable[int], after: Iterable[int]) -> tuple[LengthBin, ...]:
    """Text lengths in characters, counted into the ranges that the page draws."""
    counts = [
        Counter(sum(length >= edge for edge in LENGTH_EDGES) for length in side) for side in (before, after)
    ]
    bounds = [f"{edge:,}" for edge in LENGTH_EDGES]
    inner = [f"{low}–{high}" for low, high in itertools.pairwise(bounds)]
    labels = [f"< {bounds[0]}", *inner, f"≥ {bounds[-1]}"]
    return tuple(LengthBin(label, counts[0][bin_], counts[1][bin_]) for bin_, label in enumerate(labels))


def year_counts(published: Iterable[str | None]) -> tuple[tuple[str, int], ...]:
    """Documents by year of publication, in order of years, those without a date last under ""."""
    counts = Counter((day or "")[:4] for day in published)
    return tuple(sorted(counts.items(), key=lambda item: (not item[0], item[0])))
