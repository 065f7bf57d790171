"""What is typed becomes a lookup; what makes no sense is wrong use, and rows are shown with their lines."""

from collections.abc import Callable
from datetime import date

import pytest

from datasets_registry.records import Document
from finloom.output import WrongUse
from finloom.records import look_up, wanted
from tasks.indexing.config import IndexConfig
from tasks.retrieval.config import HashEmbedding
from tasks.retrieval.index import Index
from tasks.retrieval.record_table import Lookup
from tests.tasks.conftest import build_index, write_index

__all__ = ["build_index", "write_index"]

DAY = date(2024, 1, 2)
RECORD = Document(
    "q", "代码 1", "", "2024-01-02", "s", {"record": {"代码": "1"}, "input_line": 3, "tenant": ""}
)


def test_options_become_a_lookup() -> None:
    assert wanted("1", "甲", "2024-01-02", None, None, None) == (Lookup("1", "甲", DAY, DAY), None)
    assert wanted(None, None, None, None, "2024-01-02", "2024-01-02") == (Lookup(last=DAY), DAY)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((None, None, None, None, None, "2024-01-02"), "give a code, a name or a day"),
        (("1", None, "2024-01-02", "2024-01-02", None, None), "one or the other"),
        (("1", None, "yesterday", None, None, None), "wanted a date"),
    ],
)
def test_what_makes_no_sense_is_wrong_use(options: tuple[str | None, ...], complaint: str) -> None:
    with pytest.raises(WrongUse, match=complaint):
        wanted(*options)  # type: ignore[arg-type]


def test_rows_are_plain_and_bounded(build_index: Callable[..., Index]) -> None:
    config = IndexConfig(embedding=HashEmbedding(dimensions=64))
    index = build_index([Document("t", "碳配额。", "", None, "s", {})], config, records=[RECORD])
    (row,) = look_up(index, Lookup(code="1"), DAY, 5)
    assert (row["id"], row["date"], row["line"], row["fields"]) == ("q", "2024-01-02", 3, {"代码": "1"})
    assert "tenant" not in row
    assert look_up(index, Lookup(code="1"), date(2024, 1, 1), 5) == []
    with pytest.raises(WrongUse, match="wanted 1 to 1000"):
        look_up(index, Lookup(code="1"), None, 0)
