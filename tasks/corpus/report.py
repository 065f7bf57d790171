"""The report page: one HTML file, in Chinese, that shows a bank what became of its corpus and why."""

import difflib
import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from tasks.corpus.ledger import Summary
from tasks.pages.bars import Bar, horizontal_bars, paired_bars, vertical_bars
from tasks.pages.rendering import EXCERPT, number, percent, render, visible

ISLAND = 3
SHOWN_SOURCES = 30
SHOWN_ALARMS = 10
SHOWN_YEARS = 22
LENGTH_EDGES = (100, 200, 500, 1_000, 2_000, 5_000, 10_000)

LAYER_NAMES = {
    "hash": "前 500 字散列相同",
    "exact": "全文相同",
    "simhash": "指纹相近",
    "ngram": "字符三元组重合",
    "phrase": "共享短语",
}
REASON_NAMES = {
    "damaged_file": "压缩文件损坏",
    "duplicate_id": "编号重复",
    "invalid_json": "不是合法 JSON",
    "invalid_utf8": "不是合法 UTF-8",
    "line_too_long": "行过长",
    "lone_surrogate": "含孤立代理字符",
    "no_id": "缺少编号",
    "no_text": "没有正文",
    "not_an_object": "不是 JSON 对象",
    "nul_byte": "含空字节",
    "off_topic": "与金融无关",
    "too_little_chinese": "中文过少",
    "too_short": "正文过短",
    "wrong_type": "字段类型不符",
}
KEPT, STRUCTURED, REMOVED, ALARM = "#1f5f8b", "#6f9fbd", "#b4bec8", "#b3261e"


@dataclass(frozen=True, slots=True)
class LineExample:
    """One input line that did not get through, with the beginning of what stood there."""

    file: str
    line: int
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """How many valid rows a source gave and how many of them are retained (structured or kept)."""

    source: str
    rows: int
    retained: int

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
    """A document that went, and the witness that stayed and spoke for its removal."""

    layer: str
    score: float
    removed: Side
    witness: Side
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything the page shows beside the summary.

    `facts` are labelled lines of the head (input, settings, versions; no times). `raw_characters` and
    `clean_characters` count the texts that cleaning saw, before and after. `years` maps `YYYY`, or "" for no
    date, to documents retained. `removals` is a random sample, drawn with a fixed seed.
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


def render_report(summary: Summary, data: ReportData) -> str:
    """The page, as one HTML text.

    Raises:
        LedgerDoesNotAddUp: the summary's accounts do not close; such a report would mislead.
    """
    summary.check()
    return render(
        Path(__file__).with_name("report.html.j2"),
        summary=summary,
        data=data,
        reason_names=REASON_NAMES,
        layer_names=LAYER_NAMES,
        filtered=_ranked(summary.filtered),
        duplicates=[
            (layer, summary.duplicates[layer]) for layer in LAYER_NAMES if layer in summary.duplicates
        ],
        quarantined=_ranked(data.quarantined),
        sources=_shown_sources(data.sources),
        rules=sorted(data.rules, key=lambda row: (-row.characters, -row.edits, row.rule)),
        removals=[
            (removal, *_differences(removal.removed.text, removal.witness.text)) for removal in data.removals
        ],
        decisions_chart=_decisions_chart(summary),
        lengths_chart=_lengths_chart(data.lengths) if data.lengths else None,
        years_chart=_years_chart(data.years) if data.years else None,
        colours={"before": REMOVED, "after": KEPT},
    )


def _ranked(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(
        ((name, count) for name, count in counts.items() if count), key=lambda item: (-item[1], item[0])
    )


def _shown_sources(sources: tuple[SourceRow, ...]) -> tuple[list[SourceRow], list[SourceRow]]:
    """The largest sources and the largest alarming ones, and the rest."""
    ranked = sorted(sources, key=lambda row: (-row.rows, row.source))
    head, tail = ranked[:SHOWN_SOURCES], ranked[SHOWN_SOURCES:]
    alarming = [row for row in tail if row.alarming][:SHOWN_ALARMS]
    return head + alarming, [row for row in tail if row not in alarming]


def _differences(removed: str, witness: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """The beginnings of two texts, each in pieces with whether the other lacks the piece.

    Equal runs shorter than `ISLAND` characters between differences are chance and count as different.
    """
    left, right = visible(removed[:EXCERPT].strip()), visible(witness[:EXCERPT].strip())
    pieces: tuple[list[tuple[str, bool]], list[tuple[str, bool]]] = ([], [])
    for tag, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        differs = tag != "equal" or b - a < ISLAND
        for side, text in zip(pieces, (left[a:b], right[c:d]), strict=True):
            if text and side and side[-1][1] == differs:
                side[-1] = (side[-1][0] + text, differs)
            elif text:
                side.append((text, differs))
    for side, whole in zip(pieces, (removed, witness), strict=True):
        if len(whole) > EXCERPT:
            side.append(("…", False))
    return pieces


def _decisions_chart(summary: Summary) -> Markup:
    rows = [
        ("结构化", summary.structured, STRUCTURED),
        ("保留", summary.kept, KEPT),
        ("过滤", sum(summary.filtered.values()), REMOVED),
        ("重复", sum(summary.duplicates.values()), REMOVED),
        ("隔离", summary.quarantined, ALARM),
    ]
    bars = [Bar(name, n, f"{n:,}（{percent(n, summary.input)}）", colour) for name, n, colour in rows]
    return Markup(horizontal_bars(bars, left=64, height=170))


def _lengths_chart(lengths: tuple[LengthBin, ...]) -> Markup:
    pairs = [
        (
            Bar(bin_.label, bin_.before, number(bin_.before), REMOVED),
            Bar(bin_.label, bin_.after, number(bin_.after), KEPT),
        )
        for bin_ in lengths
    ]
    return Markup(paired_bars(pairs, height=200))


def _years_chart(years: tuple[tuple[str, int], ...]) -> Markup:
    dated = [(visible(year), n, KEPT) for year, n in years if year]
    early, shown = dated[:-SHOWN_YEARS], dated[-SHOWN_YEARS:]
    if early:
        shown = [("更早", sum(n for _, n, _ in early), KEPT), *shown]
    shown += [("无日期", n, REMOVED) for year, n in years if not year]
    return Markup(vertical_bars([Bar(name, n, number(n), colour) for name, n, colour in shown], height=180))
