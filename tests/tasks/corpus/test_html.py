"""HTML becomes lines of text, and what only looks like HTML stays."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.corpus.edits import apply_edits
from tasks.corpus.html import html_edits


def _text(page: str) -> str:
    lines = apply_edits(page, html_edits(page)).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines if line.strip())


def test_blocks_end_lines_and_inline_tags_go() -> None:
    page = (
        '<p title="a>b"><b>央视网</b>：增长5%。<br/>第二行</p><div>第三<a href="x?a=1&amp;b=2">行</a></div>'
    )
    assert _text(page) == "央视网：增长5%。\n第二行\n第三行"


def test_a_table_becomes_rows_with_bars_between_cells() -> None:
    page = """<table border=1>
      <tr> <th>税目</th> <th>税率</th> </tr>
      <tr><td><p>原
      油</p></td><td>6%</td></tr>
    </table>之后"""
    assert _text(page) == "税目 | 税率\n原 油 | 6%\n之后"


def test_comments_scripts_and_styles_go_with_their_contents() -> None:
    page = "前<!-- x <b> --><script>if (a<b) { '<p>' }</script>中<style>.a{}</style>后"
    assert _text(page) == "前中后"


@pytest.mark.parametrize(
    "text",
    [
        "利润<5%且>3%",
        "《关于修改<中华人民共和国会计法>的决定》",
        "关注更多<<<扫描图中二维码",
        "if a <b and c> d",
        "排量≤1L、1L<排量≤1.6L",
        "a&b &copy=1 &unknown; R&D;",
        "<b没有结束",
    ],
)
def test_what_is_no_tag_stays(text: str) -> None:
    assert html_edits(text) == []


def test_entities_are_decoded_also_when_escaped_twice() -> None:
    assert _text("&ldquo;5&lt;6&rdquo;&amp;nbsp;&amp;amp;&#x4e2d;&#25991;") == "“5<6” &中文"


def test_what_is_not_closed_loses_only_its_tag() -> None:
    assert _text("前<script>文<!-- 后") == "前文 后"


@given(
    st.lists(
        st.sampled_from(
            [
                *("<table>", "</table>", "<tr>", "<td>", "</td>", "<p>", "</p>", "<script>", "</script>"),
                *("<!--", "-->", '<a b="', '">', "&lt;", "\n", " ", "文", "<", ">"),
            ]
        ),
        max_size=30,
    )
)
def test_edits_of_any_markup_are_sorted_and_apart(pieces: list[str]) -> None:
    page = "".join(pieces)
    edits = html_edits(page)
    assert all(0 <= edit.start < edit.end <= len(page) for edit in edits)
    assert all(left.end <= right.start for left, right in pairwise(edits))


EVIL = """
from tasks.corpus.cleaning import clean
from tasks.corpus.config import CleaningConfig
from tasks.corpus.structured import record_in_text
from tasks.text.facts import find_facts
from tasks.text.sentences import sentence_spans

MARKUP = ("<p ", "<!--", "<script>", "</script><script>", '<a "', "<a '\\"", "&amp;", "<td>\\n", "<", "&", " ")
SPACED = ("首页 ", "首页 > ", "京ICP备12345678号 ", "版权所有 ", "返回搜狐 ", "node id: ", "收盘价 ", "收盘价：1 ")
NOISE = ("开户佣金万1", "荐股", "上一篇：", "|", ">", "\\n", "\\t \\n", "。", "”", "代码=")
FACTS = ("1", "1,111", "1-", "一", "亿", "百", "公司", "股份有限", "（", "银行", "2024年")
for seed in (*MARKUP, *SPACED, *NOISE, *FACTS):
    text = "<table><tr><td>" + (seed * (300_000 // len(seed) + 1))[:300_000]
    clean(text, CleaningConfig())
    record_in_text(text + "收盘价 成交量")
    find_facts(text)
    sentence_spans(text)
"""


def test_pathological_texts_take_linear_time() -> None:
    """Forty texts of 300,000 characters: seconds of linear work, days of quadratic work."""
    subprocess.run([sys.executable, "-c", EVIL], check=True, timeout=300)
