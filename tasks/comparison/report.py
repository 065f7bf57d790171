"""The comparison page: one HTML file, in Chinese, that shows what changed between two corpora and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import get_args

from markupsafe import Markup

from datasets_registry.records import FactKind
from tasks.comparison.changes import Cause
from tasks.comparison.join import ComparisonSummary
from tasks.comparison.tally import EXAMPLES, LENGTH_RANGES, LOSSES, Example, Tally
from tasks.corpus.report import ALARM, KEPT, REMOVED
from tasks.pages.bars import Bar, vertical_bars
from tasks.pages.rendering import number, render

SHOWN_SOURCES = 30
SHOWN_FIELDS = 20

CAUSE_NAMES: dict[Cause, tuple[str, str]] = {
    "facts_changed": ("事实有变", "正文的其他改动，且代码、数值、日期或主体的取值与原来不同"),
    "truncated": ("截断", "除噪声外，只少了开头或结尾的一整段"),
    "noise_returned": ("噪声回流", "多出的文字大多是清洗规则认得的页脚、导航、广告或标记"),
    "rewritten": ("改写", "正文的其他改动，事实的取值未变"),
    "extended": ("补充", "除噪声外，只在开头或结尾多出一整段"),
    "noise_removal": ("去除噪声", "少了的文字大多是清洗规则认得的页脚、导航、广告或标记"),
    "whitespace_only": ("仅空白", "只有空格、换行不同"),
    "metadata_only": ("仅元数据", "正文未变，标题、日期、来源或其他字段不同"),
}
ALARMING = ("facts_changed", "truncated", "noise_returned")
FIELD_NAMES = {
    "contents": "正文",
    "title": "标题",
    "published": "发布日期",
    "source": "来源",
    "metadata.sha256": "输入行",
    "metadata.edits": "清洗记录",
    "metadata.facts": "事实及其位置",
    "metadata.record": "结构化记录",
}


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """How many rows of a source went, came and changed."""

    source: str
    deleted: int
    added: int
    changed: int

    @property
    def rows(self) -> int:
        """All rows of the source that differ."""
        return self.deleted + self.added + self.changed


@dataclass(frozen=True, slots=True)
class RuleChange:
    """How many characters a cleaning rule explains, among what is gone and among what came back."""

    rule: str
    removed: int
    returned: int


def render_comparison(summary: ComparisonSummary, total: Tally, version: str) -> str:
    """The page, as one HTML text; `version` is that of the stage.

    Raises:
        LedgerDoesNotAddUp: the summary's accounts do not close; such a page would mislead.
    """
    summary.check()
    sources = _sources(total)
    return render(
        Path(__file__).with_name("report.html.j2"),
        summary=summary,
        version=version,
        causes=_ranked(total.causes),
        cause_names=CAUSE_NAMES,
        alarming=ALARMING,
        facts_changed=total.facts_changed,
        fields=_ranked(total.fields)[:SHOWN_FIELDS],
        more_fields=max(0, len(total.fields) - SHOWN_FIELDS),
        field_names=FIELD_NAMES,
        fact_kinds=get_args(FactKind),
        sources=(sources[:SHOWN_SOURCES], sources[SHOWN_SOURCES:]),
        rules=_rules(total),
        lengths_chart=_lengths_chart(total) if total.lengths else None,
        examples=chosen_examples(total),
        deleted=total.records.get("deleted", []),
        added=total.records.get("added", []),
    )


def comparison_table(summary: ComparisonSummary) -> list[dict[str, str | int]]:
    """The accounts and the causes as the rows of a small table, for the Prefect UI."""
    rows = [
        ("删除", summary.deleted),
        ("新增", summary.added),
        ("相同", summary.equal),
        ("变更", summary.changed),
    ]
    causes = sorted(summary.causes.items(), key=lambda item: (-item[1], item[0]))
    rows += [(f"变更：{_cause_name(cause)}", count) for cause, count in causes]
    return [{"去向": what, "行数": count} for what, count in rows]


def chosen_examples(total: Tally) -> list[Example]:
    """Some changed documents of every cause in turn, those causes first that a person should look at first."""
    by_cause = [total.examples.get(cause, []) for cause in get_args(Cause)]
    in_turn = [example for turn in zip_longest(*by_cause) for example in turn if example]
    order = {cause: rank for rank, cause in enumerate(get_args(Cause))}
    return sorted(in_turn[:EXAMPLES], key=lambda example: (order[example.change.cause], example.order))


def _cause_name(cause: str) -> str:
    return next(words[0] for name, words in CAUSE_NAMES.items() if name == cause)


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _sources(total: Tally) -> list[SourceChanges]:
    """The sources, those with the most rows that differ first."""
    parts = [total.sources.get(part, Counter[str]()) for part in ("deleted", "added", "changed")]
    rows = [SourceChanges(source, *(part[source] for part in parts)) for source in set().union(*parts)]
    return sorted(rows, key=lambda row: (-row.rows, row.source))


def _rules(total: Tally) -> Sequence[RuleChange]:
    rows = [
        RuleChange(rule, total.removed[rule], total.returned[rule]) for rule in total.removed | total.returned
    ]
    return sorted(rows, key=lambda row: (-row.removed - row.returned, row.rule))


def _lengths_chart(total: Tally) -> Markup:
    bars = [
        Bar(name, total.lengths[name], number(total.lengths[name]), _length_colour(name))
        for name in LENGTH_RANGES
    ]
    return Markup(vertical_bars(bars, height=180))


def _length_colour(name: str) -> str:
    """A text that lost half or more stands out."""
    if name == LOSSES[0]:
        return ALARM
    return REMOVED if name in LOSSES else KEPT
