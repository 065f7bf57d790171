"""The page tells what changed and why, and no document can do more than be shown on it."""

import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets_registry.records import Document, JsonObject
from tasks.comparison.changes import Cause
from tasks.comparison.join import ComparisonSummary, compare
from tasks.comparison.report import (
    CAUSE_NAMES,
    SHOWN_SOURCES,
    chosen_examples,
    comparison_table,
    render_comparison,
)
from tasks.comparison.tally import Tally
from tasks.corpus.ledger import LedgerDoesNotAddUp
from tests.fakes.page import Page
from tests.fakes.shards import MemoryShards

HOSTILE = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>'{{ 7 * 7 }}{% raw %}\u202e\u200b&lt;b&gt;"
BODY = "公司2024年实现营业收入12.5亿元，同比增长8%。碳市场成交活跃，配额价格上升。"


def document(
    name: str, text: str, line: int = 1, source: str = "交易所", title: str = "标题", **more: str
) -> Document:
    metadata: JsonObject = {"sha256": text, "input_file": "day.jsonl", "input_line": line, "edits": []}
    return Document(name, text, title, None, source, more | metadata)


def compared(old: list[Document], new: list[Document]) -> tuple[ComparisonSummary, Tally]:
    store = MemoryShards()
    _, summary, total = compare(store.corpus(old), store.corpus(new), store, store.over_shards)
    return summary, total


def page_of(old: list[Document], new: list[Document]) -> Page:
    return Page(render_comparison(*compared(old, new), "2026.1"))


OLD = [document("甲", BODY), document("乙", BODY), document("丙", BODY), document("丁", BODY)]
NEW = [
    document("甲", BODY),
    document("乙", BODY.replace("12.5", "12.6")),
    document("丙", BODY[:20]),
    document("戊", BODY),
]


def test_both_accounts_are_shown_term_by_term() -> None:
    rows = [re.findall(r"\d+", row) for row in page_of(OLD, NEW).rows]
    assert rows.count(["4", "1", "2", "1"]) == 2
    assert page_of(OLD, NEW).marked["strong"] == ["1", "1", "2", "2"]


def test_accounts_that_do_not_close_are_never_shown() -> None:
    summary, total = compared(OLD, NEW)
    with pytest.raises(LedgerDoesNotAddUp):
        render_comparison(summary.model_copy(update={"equal": 9}), total, "2026.1")


def test_every_cause_has_its_words() -> None:
    assert set(CAUSE_NAMES) == set(get_args(Cause))


def test_a_changed_document_is_marked_on_both_sides() -> None:
    page = page_of(OLD, NEW)
    assert page.marked["del"][:3] == ["标红", "1250000000 元", "5"]
    assert page.marked["ins"][:3] == ["标蓝", "1260000000 元", "6"]
    assert any(row.startswith("事实有变") and row.split()[-3:] == ["1", "50.0%", "1"] for row in page.rows)


def test_another_title_and_other_fields_are_marked() -> None:
    page = page_of([document("甲", BODY, url="旧址")], [document("甲", BODY, title="更正", url="新址")])
    assert page.marked["del"][1:] == ["标题", "旧址"]
    assert page.marked["ins"][1:] == ["更正", "新址"]


def test_what_went_and_came_is_shown_with_its_place() -> None:
    rows = page_of([document("去者", BODY, 31)], [document("来者", BODY, 42)]).rows
    assert any(row.startswith("去者") and ":31" in row for row in rows)
    assert any(row.startswith("来者") and ":42" in row for row in rows)


def test_equal_corpora_have_a_page() -> None:
    html = page_of(OLD, OLD).html
    assert "没有变更任何一行" in html and "4 行所在的分片逐字节一致" in html
    assert "变更的例子" not in html and "正文的长度" not in html


def test_sources_with_the_most_differences_come_first_and_the_rest_is_added_up() -> None:
    many = [document(f"d{n}", BODY, source=f"源{n:02}") for n in range(SHOWN_SOURCES + 5)]
    page = page_of([*many, document("x", BODY, source="源34")], [])
    assert any(row.startswith("源34 2 0 0") for row in page.rows)
    assert any(row.startswith("其余 5 个来源 5 0 0") for row in page.rows)


def test_examples_take_turns_among_the_causes() -> None:
    old = [document(f"d{n:02}", BODY) for n in range(40)]
    new = [document(f"d{n:02}", BODY[:20] if n else BODY.replace("活跃", "清淡")) for n in range(40)]
    causes = [example.change.cause for example in chosen_examples(compared(old, new)[1])]
    assert causes == ["truncated"] * 19 + ["rewritten"]


def test_the_table_of_the_interface_adds_up() -> None:
    table = comparison_table(compared(OLD, NEW)[0])
    assert [(row["去向"], row["行数"]) for row in table] == [
        ("删除", 1),
        ("新增", 1),
        ("相同", 1),
        ("变更", 2),
        ("变更：事实有变", 1),
        ("变更：截断", 1),
    ]


def hostile() -> Page:
    """A page on which a hostile text stands wherever a document can put it."""
    names = [f"{HOSTILE}{n}" for n in range(4)]
    texts = [HOSTILE + BODY, HOSTILE + BODY.replace("8%", "9%") + HOSTILE]
    old = [
        document(names[0], texts[0], 1, HOSTILE, HOSTILE, **{HOSTILE: HOSTILE}),
        document(names[1], HOSTILE, 1, HOSTILE, HOSTILE),
    ]
    new = [
        document(names[0], texts[1], 1, HOSTILE, HOSTILE * 2, **{HOSTILE: HOSTILE * 3}),
        document(names[2], HOSTILE, 1, HOSTILE, HOSTILE),
    ]
    return page_of(old, new)


def test_no_document_leaves_its_text() -> None:
    page = hostile()
    assert not page.tags & {"script", "img", "iframe", "object", "link", "a", "form"}
    assert not [
        name for name in page.attributes if name.startswith("on") or name in {"src", "href", "xlink:href"}
    ]
    assert "{{ 7 * 7 }}" in page.html


def test_invisible_and_reversing_characters_are_written_out() -> None:
    html = hostile().html
    assert "⟨U+202E⟩" in html and "⟨U+200B⟩" in html
    assert not set(html) & {"\u202e", "\u200b"}


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_can_stand_on_the_page(old: str, new: str) -> None:
    page = page_of([document("d", old, title=new), document("e", old)], [document("d", new, title=old)])
    page.html.encode()
    assert "script" not in page.tags


def test_the_page_loads_nothing() -> None:
    html = page_of(OLD, NEW).html
    addresses = set(re.findall(r"[a-z]+://[^\s\"'<)]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<script|<link|<img|@import|url\((?!#)", html)


def test_equal_corpora_give_equal_bytes() -> None:
    assert page_of(OLD, NEW).html == page_of(OLD, NEW).html
