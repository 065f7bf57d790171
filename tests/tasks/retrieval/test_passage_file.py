"""Passages come back as they were written, each with its document's number and day."""

from datetime import date
from pathlib import Path

import pytest

from datasets_registry.records import Passage
from tasks.retrieval.passage_file import (
    BLOCK,
    UNDATED,
    PassageCounts,
    PassageFile,
    day_number,
    write_passages,
)


def passage(document: str, ordinal: int, published: str | None = "2024-03-05") -> Passage:
    text = f"{document}的第{ordinal}段。"
    return Passage(
        f"{document}#{ordinal}",
        (document,),
        "标题",
        "一、总则",
        text,
        10,
        10 + len(text),
        published,
        "site",
        "input.jsonl",
        7,
    )


def test_every_row_comes_back_also_beyond_one_block(tmp_path: Path) -> None:
    passages = [passage(f"d{number // 2}", number % 2) for number in range(BLOCK + 5)]
    counts = write_passages(tmp_path, passages)
    opened = PassageFile.open(tmp_path)
    assert [opened.passage(row) for row in range(len(opened))] == passages
    assert counts == PassageCounts(BLOCK + 5, (BLOCK + 6) // 2, 0)


def test_documents_are_numbered_in_order_of_their_ids(tmp_path: Path) -> None:
    write_passages(tmp_path, [passage("c", 0), passage("a", 0), passage("c", 1), passage("b", 0)])
    opened = PassageFile.open(tmp_path)
    assert opened.documents.tolist() == [2, 0, 2, 1]
    assert opened.document_ids() == ["a", "b", "c"]


def test_days_are_kept_and_a_missing_date_is_counted(tmp_path: Path) -> None:
    counts = write_passages(tmp_path, [passage("a", 0), passage("b", 0, None)])
    assert PassageFile.open(tmp_path).days.tolist() == [date(2024, 3, 5).toordinal(), UNDATED]
    assert counts.undated == 1


@pytest.mark.parametrize("published", [None, "", "2024", "2024-13-01", "昨天"])
def test_what_is_no_date_is_undated(published: str | None) -> None:
    assert day_number(published) == UNDATED
