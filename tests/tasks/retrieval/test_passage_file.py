"""Passages come back as they were written, each with its document's number and day."""

from datetime import date
from pathlib import Path

import pytest

from datasets_registry.records import Passage
from tasks.retrieval.passage_file import (
    BLOCK,
    LABEL_NAMES,
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
        ("news", "law", "")[ordinal % 3],
        "bank" if document == "d1" else "",
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


def test_sources_kinds_and_tenants_are_kept_as_codes_of_sorted_names(tmp_path: Path) -> None:
    write_passages(tmp_path, [passage("d0", 0), passage("d1", 1), passage("d0", 2)])
    opened = PassageFile.open(tmp_path)
    assert (opened.kinds.names, opened.kinds.codes.tolist()) == (("", "law", "news"), [2, 1, 0])
    assert (opened.tenants.names, opened.tenants.codes.tolist()) == (("", "bank"), [0, 1, 0])
    assert (opened.sources.names, opened.sources.codes.tolist()) == (("site",), [0, 0, 0])


def test_codes_without_a_name_are_refused(tmp_path: Path) -> None:
    write_passages(tmp_path, [passage("d0", 0), passage("d1", 1)])
    (tmp_path / LABEL_NAMES).write_text('{"source": ["site"], "kind": ["law"], "tenant": ["", "bank"]}')
    with pytest.raises(ValueError, match="kind codes without a name"):
        PassageFile.open(tmp_path)


@pytest.mark.parametrize("published", [None, "", "2024", "2024-13-01", "昨天"])
def test_what_is_no_date_is_undated(published: str | None) -> None:
    assert day_number(published) == UNDATED
