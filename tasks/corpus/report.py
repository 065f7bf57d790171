"""The report page: one HTML file, in Chinese, that shows a bank what became of its corpus and why."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from markupsafe import Markup

from tasks.corpus.ledger import Summary
from tasks.corpus.overlap import Piece, side_by_side
from tasks.corpus.report_rows import LengthBin, Removal, ReportData, SourceRow
from tasks.pages.bars import Bar, horizontal_bars, paired_bars, vertical_bars
from tasks.pages.rendering import number, percent, render, visible

SHOWN_SOURCES = 30
SHOWN_ALARMS = 10
SHOWN_REPEATED = 15
SHOWN_YEARS = 22

LAYER_NAMES = {
    "hash": "前 500 字散列相同",
    "exact": "全文相同",
    "simhash": "指纹相近",
    "ngram": "字符三元组重合",
    "phrase": "共享短语",
}
LAYER_HEADS = {"hash": "散列", "exact": "全文", "simhash": "指纹", "ngram": "三元组", "phrase": "短语"}
EVIDENCE = (
    ("the same normalised text as", "规范化后全文同"),
    ("equal normalised text", "规范化后全文相同"),
    ("shared phrases cover", "共享短语覆盖"),
    ("containment", "包含度"),
    ("jaccard", "Jaccard"),
    (", ", "，"),
    ("; ", "；"),
)
"""How the measurements of deduplication read on the page."""
KIND_NAMES = {"code": "代码", "number": "数值", "date": "日期", "party": "主体"}
SHAPE_NAMES = KIND_NAMES | {"year": "年", "month": "年月", "day": "月日"}
SHAPE = re.compile(r"<([a-z]+)(?: ([^<>]*))?>")
"""A fact in a skeleton: what it is, and its unit."""
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


def render_report(summary: Summary, data: ReportData) -> str:
    """The page, as one HTML text.

    Raises:
        LedgerDoesNotAddUp: the summary's accounts do not close; such a report would mislead.
    """
    summary.check()
    removed = sum(summary.duplicates.values())
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
        layer_heads=LAYER_HEADS,
        kind_names=KIND_NAMES,
        sources=_shown_sources(data.sources),
        repeated=_repeated(data.sources),
        removed_texts=removed,
        compared=summary.kept + removed,
        candidates=summary.guarded + removed - summary.duplicates.get("exact", 0),
        families=[(family, list(_slots(family.skeleton))) for family in data.apart.largest],
        rules=sorted(data.rules, key=lambda row: (-row.characters, -row.edits, row.rule)),
        samples=[
            (layer, [_pair(removal) for removal in data.removals if removal.layer == layer])
            for layer in LAYER_NAMES
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


def _repeated(sources: Iterable[SourceRow]) -> tuple[list[SourceRow], list[SourceRow]]:
    """The sources that most texts repeat another in, and all other sources of texts."""
    texts = (row for row in sources if row.compared)
    ranked = sorted(texts, key=lambda row: (-row.repeated, -row.compared, row.source))
    return ranked[:SHOWN_REPEATED], ranked[SHOWN_REPEATED:]


def _pair(removal: Removal) -> tuple[Removal, list[Piece], list[Piece], str]:
    """A removal with its two texts in pieces, and its evidence in Chinese."""
    evidence = removal.evidence
    for english, chinese in EVIDENCE:
        evidence = evidence.replace(english, chinese)
    return removal, *side_by_side(removal.removed.text, removal.witness.text), evidence


def _slots(skeleton: str) -> Iterator[tuple[str, bool]]:
    """A skeleton in pieces, each with whether it stands for a fact."""
    at = 0
    for match in SHAPE.finditer(skeleton):
        yield skeleton[at : match.start()], False
        yield f"{SHAPE_NAMES.get(match[1], match[1])} {match[2] or ''}".rstrip(), True
        at = match.end()
    yield skeleton[at:], False


def _decisions_chart(summary: Summary) -> Markup:
    rows = [
        ("结构化", summary.structured, STRUCTURED),
        ("保留", summary.kept, KEPT),
        ("过滤", sum(summary.filtered.values()), REMOVED),
        ("重复", sum(summary.duplicates.values()), REMOVED),
        ("隔离", summary.quarantined, ALARM),
        *([("另有新版", summary.superseded, REMOVED)] if summary.superseded else []),
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
