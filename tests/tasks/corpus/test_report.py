"""The report tells what became of every line, and no document can do more than be shown on it."""

import dataclasses
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets_registry.records import Family, FamilyMember
from tasks.corpus.ledger import LedgerDoesNotAddUp, Summary
from tasks.corpus.report import render_report
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
)
from tests.fakes.page import Page

HOSTILE = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>'{{ 7 * 7 }}{% raw %}\u202e\u200b&lt;b&gt;"


def summary(**changes: object) -> Summary:
    counts = {
        "input": 1_000,
        "structured": 400,
        "kept": 300,
        "retained": 700,
        "filtered": {"too_short": 90, "few_finance_words": 110},
        "duplicates": {"hash": 50, "exact": 0, "simhash": 20, "ngram": 10, "phrase": 10},
        "quarantined": 10,
        "guarded": 33,
    }
    return Summary.model_validate(counts | changes)


def empty(**changes: object) -> ReportData:
    blank = ReportData("corpus", "0" * 64, (), 0, 0, {})
    return dataclasses.replace(blank, **changes)


def report_of(text: str) -> ReportData:
    """A report in which `text` stands wherever a document or a name can put it."""
    side = Side(text, text, 3, text, text * 9)
    return ReportData(
        corpus=text,
        sha256="0" * 64,
        facts=((text, text),),
        raw_characters=1_000,
        clean_characters=900,
        quarantined={text: 10},
        sources=(SourceRow(text, 10, 3, 3, {"ngram": 2}),),
        rules=(RuleRow(text, 2, 100, EditExample(text, text, text, text, text)),),
        lengths=length_bins([len(text)], [len(text)]),
        years=((text, 4),),
        filtered_examples=(LineExample(text, 1, text, text),),
        quarantined_examples=(LineExample(text, 2, text, text),),
        removals=(Removal("ngram", 0.5, side, dataclasses.replace(side, text="别的正文"), text),),
        apart=Apart(2, 1, (family(text),), {text: side}),
    )


def family(text: str) -> Family:
    return Family(text, 3, f"{text}<number 元>", (FamilyMember(text, "code", text, text, text),))


def test_the_head_states_input_retained_rate_and_guarded_pairs() -> None:
    assert Page(render_report(summary(), empty())).marked["strong"][:4] == ["1,000", "700", "70.0%", "33"]


def test_the_accounts_are_shown_term_by_term() -> None:
    rows = Page(render_report(summary(), empty())).rows
    terms = [re.findall(r"[\d,]+(?= )", re.sub(r"[\d.]+%", "", row)) for row in rows]
    assert ["1,000", "400", "300", "200", "90", "10"] in terms


def test_lines_that_gave_way_to_another_version_are_a_term_of_their_own() -> None:
    html = render_report(summary(input=1_007, superseded=7), empty())
    assert "另有新版" in html and "六项之和" in html
    assert "另有新版" not in render_report(summary(), empty())


def test_accounts_that_do_not_close_are_never_shown() -> None:
    with pytest.raises(LedgerDoesNotAddUp):
        render_report(summary(quarantined=9), empty())


def test_reasons_are_ranked_by_their_number() -> None:
    html = render_report(summary(), empty())
    assert html.index("few_finance_words") < html.index("too_short")


def test_a_quarantined_line_is_named_by_file_line_and_reason() -> None:
    example = LineExample("all.jsonl", 40231, "invalid_json", '{"id": "7a91", "contents"')
    page = Page(
        render_report(summary(), empty(quarantined={"invalid_json": 10}, quarantined_examples=(example,)))
    )
    assert any("all.jsonl :40231 invalid_json" in row and '"7a91"' in row for row in page.rows)
    assert any("不是合法 JSON" in row for row in page.rows)


def test_a_source_that_loses_more_than_half_is_marked_and_says_how_much_of_it_repeats() -> None:
    sources = (SourceRow("一半", 10, 5), SourceRow("过半", 10, 4, 4, {"ngram": 3}), SourceRow("没有", 0, 0))
    page = Page(render_report(summary(), empty(sources=sources)))
    assert [row for row in page.rows if row.startswith("alarm")] == ["alarm 过半 10 4 60.0% 30.0% "]


def test_small_sources_are_added_up_but_alarming_ones_stay_visible() -> None:
    sources = tuple(SourceRow(f"s{number:03}", 1_000 - number, 900 - number) for number in range(60))
    page = Page(render_report(summary(), empty(sources=(*sources, SourceRow("坏", 2, 0)))))
    shown = [row for row in page.rows if re.match(r"(alarm )?(s\d{3}|坏) ", row)]
    assert len(shown) == 31 and shown[-1].startswith("alarm 坏")
    rest = sources[30:]
    lines, kept = sum(row.rows for row in rest), sum(row.retained for row in rest)
    assert any(f"其余 30 个来源 {lines:,} {kept:,}" in row for row in page.rows)


def test_a_rule_shows_what_it_removed_and_what_it_put_there() -> None:
    edit = EditExample("d1", "净利润", "<td>10</td>", " 10 ", "万元")
    data = empty(
        raw_characters=1_000, clean_characters=990, rules=(RuleRow("html", 1, 10, edit), RuleRow("x", 1, 0))
    )
    page = Page(render_report(summary(), data))
    assert page.marked["del"] == ["删去的字", "<td>10</td>"]
    assert page.marked["ins"] == ["换上的字", "10"]
    assert any(row.startswith("html 1 10 1.0%") for row in page.rows)


def test_deduplication_has_two_rates_and_a_share_of_guarded_pairs() -> None:
    figures = Page(render_report(summary(), empty())).marked["strong"][4:]
    assert figures == ["90", "9.0%", "23.1%", "26.8%"]  # 90 of 1,000, of 390 compared; 33 of 33 + 90 pairs


def test_duplicates_are_told_by_source_and_layer() -> None:
    named = SourceRow("甲报", 200, 90, 60, {"hash": 40, "exact": 0, "simhash": 20})
    small = tuple(SourceRow(f"s{number:02}", 10, 9, 9, {"ngram": 1}) for number in range(20))
    page = Page(render_report(summary(), empty(sources=(named, *small, SourceRow("行情", 400, 400)))))
    assert "全部 390 50 0 20 10 10 90 9.0% 23.1% " in page.rows
    assert "甲报 120 40 0 20 0 0 60 30.0% 50.0% " in page.rows
    assert "其余 6 个来源 60 0 0 0 6 0 6 10.0% 10.0% " in page.rows
    assert not any(row.startswith("行情 0") for row in page.rows)


def test_a_family_shows_its_skeleton_and_how_its_texts_differ() -> None:
    member = FamilyMember("d7", "number", "1.5亿元", "2亿元", "净利润")
    told = Family("d1", 45, "公司净利润<number 元>截至<date>", (member,))
    root = Side("d1", "f", 1, "业绩公告", "正文")
    html = render_report(summary(), empty(apart=Apart(61, 7, (told,), {"d1": root})))
    page = Page(html)
    assert '公司净利润<span class="slot">数值 元</span>截至<span class="slot">日期</span>' in html
    assert "d7 数值 净利润 2亿元 1.5亿元 " in page.rows
    assert "45 篇" in html and "业绩公告" in html and "61 篇，分属 7 族" in html


def test_a_removal_marks_only_what_the_other_lacks() -> None:
    removed = Side("a", "f", 1, "甲", "公司2024年营业收入为12.5亿元，同比增长。")
    witness = Side("b", "f", 2, "乙", "公司2023年营业收入为12.5亿元，同比增长。")
    page = Page(render_report(summary(), empty(removals=(Removal("ngram", 0.9, removed, witness),))))
    assert page.marked["mark"] == ["标黄", "4", "3"]


def test_equal_texts_have_nothing_marked() -> None:
    side = Side("a", "f", 1, "甲", "全文相同" * 300)
    page = Page(render_report(summary(), empty(removals=(Removal("exact", 1.0, side, side),))))
    assert page.marked["mark"] == ["标黄"]


def test_removals_are_grouped_by_layer_and_all_but_three_of_each_are_folded() -> None:
    side = Side("a", "f", 1, "甲", "正文")
    layers = ["phrase"] * 2 + ["hash"] * 5
    page = render_report(
        summary(), empty(removals=tuple(Removal(layer, 1.0, side, side) for layer in layers))
    )
    assert len(re.findall(r'<details class="pair" open>', page)) == 5
    assert len(re.findall(r'<details class="pair">', page)) == 2
    first, second = page.index("50 篇中的 5 篇"), page.index("10 篇中的 2 篇")
    assert page.index("<details") > first and second > first


def test_evidence_is_told_in_chinese() -> None:
    side = Side("a", "f", 1, "甲", "正文")
    evidence = "jaccard 0.895, containment 1.000"
    html = render_report(summary(), empty(removals=(Removal("ngram", 1.0, side, side, evidence, True),)))
    assert "Jaccard 0.895，包含度 1.000" in html and "模板族只留若干篇" in html


def test_an_empty_corpus_has_a_report() -> None:
    zero = dict.fromkeys(["input", "structured", "kept", "retained", "quarantined", "guarded"], 0)
    html = render_report(Summary(**zero, filtered={}, duplicates={}), empty())
    assert "没有过滤任何一行" in html and "没有隔离任何一行" in html


def test_no_document_leaves_its_text() -> None:
    page = Page(render_report(summary(), report_of(HOSTILE)))
    assert not page.tags & {"script", "img", "iframe", "object", "link", "a", "form"}
    assert not [
        name for name in page.attributes if name.startswith("on") or name in {"src", "href", "xlink:href"}
    ]


def test_invisible_and_reversing_characters_are_written_out() -> None:
    html = render_report(summary(), report_of(HOSTILE))
    assert "⟨U+202E⟩" in html and "⟨U+200B⟩" in html
    assert not set(html) & {"\u202e", "\u200b"}


@settings(max_examples=25)
@given(st.text(alphabet=st.characters(), max_size=30))
def test_any_text_can_stand_on_the_page(text: str) -> None:
    side = Side("id", "f", 1, text, text)
    data = empty(
        removals=(Removal("ngram", 0.5, side, side, text),),
        quarantined_examples=(LineExample(text, 1, text, text),),
        quarantined={text: 1},
    )
    html = render_report(summary(), data)
    html.encode()
    assert "script" not in Page(html).tags


def test_the_page_loads_nothing() -> None:
    html = render_report(summary(), report_of("正文"))
    addresses = set(re.findall(r"[a-z]+://[^\s\"'<)]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<script|<link|<img|@import|url\((?!#)", html)
    assert "default-src 'none'" in html and '<html lang="zh-CN">' in html


def test_equal_data_gives_equal_bytes_in_any_process() -> None:
    program = (
        "import hashlib, sys; sys.path[:0] = [sys.argv[1]]; import test_report as t;"
        "print(hashlib.sha256(t.render_report(t.summary(), t.report_of('正文 <b>')).encode()).hexdigest())"
    )
    folder = os.path.dirname(__file__)  # noqa: PTH120
    seen = {
        subprocess.run(
            [sys.executable, "-c", program, folder],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_old_years_are_joined() -> None:
    years = tuple((str(year), 1) for year in range(1990, 2026))
    html = render_report(summary(), empty(years=(*years, ("", 3))))
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", html)
    assert "更早" in texts and "无日期" in texts and "2025" in texts and "1999" not in texts
