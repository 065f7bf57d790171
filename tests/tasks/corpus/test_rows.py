"""Both input shapes are read, and every bad line has its reason."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import InputRow
from tasks.corpus.rows import parse_line


def parse(row: object) -> InputRow | str:
    return parse_line(orjson.dumps(row), "f.jsonl", 7)


def read(row: object) -> InputRow:
    parsed = parse(row)
    assert isinstance(parsed, InputRow), parsed
    return parsed


def test_reads_the_flat_shape() -> None:
    row = read(
        {
            "id": "a",
            "title": "题",
            "text": "文",
            "source": "s",
            "published": "2025-03-01T08:00:00",
            "url": "u",
        }
    )
    assert (row.id, row.file, row.line, row.title, row.text, row.source) == (
        "a",
        "f.jsonl",
        7,
        "题",
        "文",
        "s",
    )
    assert (row.published, row.metadata) == ("2025-03-01", {"url": "u"})


def test_reads_the_contents_shape() -> None:
    row = read(
        {"id": "a", "contents": "node id: 1 text: 文", "metadata": {"source_file": "x.pdf", "page": 3}}
    )
    assert (row.text, row.record, row.source) == ("node id: 1 text: 文", None, "x.pdf")
    assert row.metadata == {"source_file": "x.pdf", "page": 3}


@pytest.mark.parametrize("row", [{"contents": {"代码": "1"}}, {"text": None, "record": {"代码": "1"}}])
def test_a_dictionary_is_a_record_in_either_shape(row: dict[str, object]) -> None:
    parsed = read({"id": 5, **row})
    assert (parsed.id, parsed.text, parsed.record) == ("5", None, {"代码": "1"})


def test_a_date_that_is_none_is_kept_as_it_was_given() -> None:
    row = read({"id": "a", "text": "文", "published": "不久前"})
    assert (row.published, row.metadata) == (None, {"published_as_given": "不久前"})


def test_a_byte_order_mark_is_no_fault() -> None:
    assert isinstance(parse_line(b'\xef\xbb\xbf{"id": "a", "text": "x"}', "f", 1), InputRow)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"id": "a", "text": "x', "invalid_json"),
        (b'{"id": "a", "text": NaN}', "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"id": "a", "text": "\xff\xfe"}', "invalid_utf8"),
        (b'{"id": "a", "text": "\xed\xa0\x80"}', "invalid_utf8"),
        (b'{"id": "a", "text": "\\ud800"}', "lone_surrogate"),
        (b'{"id": "a", "text": "a\x00b"}', "nul_byte"),
        (b"[1]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b'{"text": "x"}', "no_id"),
        (b'{"id": "", "text": "x"}', "no_id"),
        (b'{"id": "a"}', "no_text"),
        (b'{"id": "a", "text": "  "}', "no_text"),
        (b'{"id": "a", "contents": {}}', "no_text"),
        (b'{"id": "a", "text": 5}', "wrong_type"),
        (b'{"id": ["a"], "text": "x"}', "wrong_type"),
        (b'{"id": "a", "text": "x", "title": {"a": 1}}', "wrong_type"),
        (b'{"id": "a", "text": "x", "metadata": [1]}', "wrong_type"),
        (b'{"id": "a", "record": "x", "text": "y"}', "wrong_type"),
    ],
)
def test_a_bad_line_has_its_reason(raw: bytes, reason: str) -> None:
    assert parse_line(raw, "f", 1) == reason


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    assert isinstance(parse_line(raw, "f", 1), InputRow | str)
