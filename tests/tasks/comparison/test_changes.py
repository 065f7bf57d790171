"""The cause of a change is told from what went, what came, and what cleaning and the facts say of it."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from datasets_registry.records import Document, JsonObject
from tasks.comparison.changes import Change, analyse, changed_fields, comparable
from tasks.corpus.cleaning import clean
from tasks.corpus.config import CleaningConfig

BODY = "公司2024年实现营业收入12.5亿元，同比增长8%。碳市场成交活跃，配额价格上升。管理层对前景表示乐观。"
FOOTER = "版权所有 某某网站 联系电话：010-88888888 京ICP备12345678号 京公网安备11010102000001号"
MENU = "首页 新闻中心 联系我们 网站地图 设为首页 加入收藏\n"


def document(text: str, line: str = "1", **metadata: JsonValue) -> Document:
    """A document of the input line whose sha256 is `line`."""
    origin: JsonObject = {"sha256": line, "input_file": "a.jsonl", "input_line": 1, "edits": [], "facts": []}
    return Document("d", text, "标题", "2025-01-02", "交易所", metadata | origin)


def change(old: str, new: str) -> Change:
    """What became of a document whose input line changed."""
    return analyse(document(old, "1"), document(new, "2"))[0]


def test_what_cleaning_takes_is_noise_and_so_are_the_numbers_in_it() -> None:
    found = change(MENU + BODY + FOOTER, BODY)
    assert found.cause == "noise_removal"
    assert set(found.rules) == {"footer", "navigation"} and found.rules["footer"] > 40
    assert (found.facts_removed, found.facts_added) == ((), ())
    assert [span.start for span in found.removed] == [0, len(MENU + BODY)]


def test_noise_that_comes_back_is_the_reverse() -> None:
    found = change(BODY, BODY + FOOTER)
    assert (found.cause, list(found.rules)) == ("noise_returned", ["footer"])
    assert (found.kept, found.removed_spans, found.added_spans) == (1.0, 0, 1)


def test_markup_that_became_text_is_noise() -> None:
    marked = BODY.replace("碳市场", "<b>碳市场</b>&nbsp;").replace("。管理层", "。</p><p>管理层")
    assert change(f"<p>{marked}</p>", clean(marked, CleaningConfig())[0]).cause == "noise_removal"


def test_a_sentence_that_goes_with_the_noise_is_not_hidden_by_it() -> None:
    kept, cut = BODY[: BODY.index("管理层")], "管理层对前景表示乐观，并将继续推进低碳转型的各项工作。"
    assert change(kept + cut + FOOTER, kept).cause == "truncated"


def test_a_short_rest_that_no_rule_knows_goes_with_the_noise() -> None:
    assert change(f"{MENU}责编 张三。{BODY}{FOOTER}", BODY).cause == "noise_removal"
    assert change(f"{MENU}另付5亿元。{BODY}{FOOTER}", BODY).cause != "noise_removal"


def test_of_one_input_line_cleaning_alone_takes_text_away() -> None:
    old, new = document(f"{BODY}本文由小编整理发布"), document(BODY)
    edits: list[JsonValue] = [[len(BODY), len(BODY) + 9, "", "house_rule"], [0, 0, "", "whitespace"]]
    new.metadata["edits"] = edits
    found, _ = analyse(old, new)
    assert (found.cause, found.rules, found.input_changed) == ("noise_removal", {"house_rule": 9}, False)
    assert analyse(new, old)[0].cause == "noise_returned"
    assert change(old.contents, new.contents).cause == "truncated"


def test_a_piece_at_an_end_was_cut_or_added() -> None:
    assert change(BODY, BODY[:40]).cause == "truncated"
    assert change(BODY, BODY[25:]).cause == "truncated"
    assert change(BODY, BODY + "董事会已审议通过上述事项。").cause == "extended"


def test_a_cut_that_makes_a_new_value_is_another_fact() -> None:
    found = change("公司实现营业收入12.5亿元。" + BODY[30:], "公司实现营业收入12.5亿")
    assert (found.cause, found.facts_added) == ("facts_changed", (("number", "1250000000"),))


@pytest.mark.parametrize(
    ("new", "gone", "came"),
    [
        (
            BODY.replace("12.5亿元", "12.6亿元"),
            (("number", "1250000000 元"),),
            (("number", "1260000000 元"),),
        ),
        (BODY.replace("2024年", "2023年"), (("date", "2024"),), (("date", "2023"),)),
        (BODY.replace("，同比增长8%", ""), (("number", "8 %"),), ()),
    ],
)
def test_other_values_are_listed(new: str, gone: tuple[object, ...], came: tuple[object, ...]) -> None:
    found = change(BODY, new)
    assert (found.cause, found.facts_removed, found.facts_added) == ("facts_changed", gone, came)


def test_the_fields_of_a_record_are_its_facts() -> None:
    def quote(price: float, **more: JsonValue) -> Document:
        origin: JsonObject = {"sha256": str(price), "input_file": "a", "input_line": 1}
        return Document("r", f"股票代码 000001 收盘价 {price}", "", None, "", origin | more)

    old, new = (quote(n, record={"股票代码": "000001", "行情": {"收盘价": n}}) for n in (9.5, 9.7))
    found, _ = analyse(old, new)
    assert (found.cause, found.facts_removed, found.facts_added) == (
        "facts_changed",
        (("行情.收盘价", "9.5"),),
        (("行情.收盘价", "9.7"),),
    )
    written, _ = analyse(quote(6), quote(7))
    assert (written.facts_removed, written.facts_added) == ((("收盘价", "6"),), (("收盘价", "7"),))


def test_other_words_without_other_values_are_a_rewriting() -> None:
    found = change(BODY, BODY.replace("活跃", "清淡"))
    assert (found.cause, found.removed_spans, found.added_spans) == ("rewritten", 1, 1)
    assert (found.removed[0].text, found.added[0].text) == ("活跃", "清淡")
    assert BODY[found.removed[0].start : found.removed[0].end] == "活跃"


def test_white_space_alone_is_no_change_of_text() -> None:
    assert change(BODY, BODY.replace("。", "。\n ")).cause == "whitespace_only"


def test_the_other_fields_are_named() -> None:
    old = document(BODY, url="a", score=1, gone=None)
    new = dataclasses.replace(document(BODY, url="b", score=True), title="更正")
    new.metadata["input_line"] = 99
    assert changed_fields(old, new) == ["title", "metadata.gone", "metadata.score", "metadata.url"]
    found, differences = analyse(old, new)
    assert (found.cause, found.kept, differences) == ("metadata_only", 1.0, [])


def test_where_the_input_line_stood_does_not_count() -> None:
    row: JsonObject = {"id": "d", "contents": "x", "metadata": {"a": 1, "input_file": "f", "input_line": 3}}
    moved: JsonObject = {"metadata": {"input_line": 7, "a": 1}, "contents": "x", "id": "d"}
    assert comparable(row) == comparable(moved)
    assert comparable(row) != comparable(row | {"metadata": {"a": 1.0}})


def test_a_text_in_shreds_has_a_bounded_row() -> None:
    old = "".join(chr(0x4E00 + n) for n in range(3000))
    found = change(old, "".join(one for n, one in enumerate(old) if n % 5))
    assert (found.removed_spans, len(found.removed)) == (600, 20)
    assert sum(len(span.text) for span in change(old * 2, BODY).removed) <= 20 * 80


PIECES = st.text(alphabet="甲乙12亿元。 \n<b>", max_size=20)


@given(PIECES, PIECES, PIECES)
def test_a_piece_that_went_is_the_reverse_of_one_that_came(left: str, piece: str, right: str) -> None:
    reverse = {"noise_removal": "noise_returned", "truncated": "extended"}
    one, other = change(left + piece + right, left + right), change(left + right, left + piece + right)
    assert other.cause == reverse.get(one.cause, one.cause)
    assert (
        (one.removed_spans, one.added_spans) == (other.added_spans, other.removed_spans) == (bool(piece), 0)
    )


@given(PIECES, PIECES)
def test_any_two_texts_have_a_row(old: str, new: str) -> None:
    found = change(old, new)
    assert (found.cause == "metadata_only") == (old == new)
    assert 0 <= found.kept <= 1
    for text, spans in ((old, found.removed), (new, found.added)):
        assert all(text[span.start : span.end] == span.text for span in spans)
