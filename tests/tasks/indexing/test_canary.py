"""A sound index answers its canaries; one whose parts are shifted does not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datasets_registry.records import Document
from tasks.indexing.assemble import assemble
from tasks.indexing.canary import check
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.index import Index
from tasks.runtime.parts import encode_rows

SUBJECTS = [
    "碳配额",
    "净利润",
    "存款利率",
    "国债",
    "股权激励",
    "基金分红",
    "信用卡",
    "绿电",
    "保险资金",
    "期货交割",
    "汇率",
    "专项债",
    "并购重组",
    "停牌",
    "外汇储备",
]
DOCUMENTS = [
    Document(
        f"d{n:02d}",
        f"本次会议讨论了{subject}的最新情况，并对{subject}作出安排。",
        f"关于{subject}的公告",
        None,
        "s",
        {},
    )
    for n, subject in enumerate(SUBJECTS)
]


def test_a_sound_index_has_no_problems(build_index: Callable[..., Index]) -> None:
    assert check(build_index(DOCUMENTS)) == []


@pytest.mark.parametrize("title", ["", "公告"])
def test_titles_need_not_tell_documents_apart(build_index: Callable[..., Index], title: str) -> None:
    assert check(build_index([replace(document, title=title) for document in DOCUMENTS])) == []


def test_passages_of_one_document_may_all_find_it(build_index: Callable[..., Index]) -> None:
    text = "".join(document.contents for document in DOCUMENTS)
    assert check(build_index([replace(DOCUMENTS[0], contents=text * 2)])) == []


def test_a_document_without_a_word_asks_nothing(build_index: Callable[..., Index]) -> None:
    assert check(build_index([replace(DOCUMENTS[0], title="", contents="。！？")])) == []


def test_one_document_is_enough(build_index: Callable[..., Index]) -> None:
    assert check(build_index(DOCUMENTS[:1])) == []


def test_documents_of_tenants_are_asked_for_as_their_tenants_do(build_index: Callable[..., Index]) -> None:
    owned = [
        replace(document, metadata={"tenant": f"bank-{number % 3}"})
        for number, document in enumerate(DOCUMENTS)
    ]
    assert check(build_index(owned)) == []


@pytest.fixture
def shifted(tmp_path: Path) -> Index:
    """Forty documents whose tokens and vectors belong to their neighbours twenty places on."""
    config = IndexConfig()
    many = [
        Document(f"d{n}", f"第{n * 7919}号文件，编号{n * 104729}。", f"编号{n * 104729}", None, "s", {})
        for n in range(40)
    ]
    right, wrong = (
        passages_shard([encode_rows(order).data], config.passages)["passages"].data
        for order in (many, many[20:] + many[:20])
    )
    tokens = tokens_shard([wrong], config.tokens)["tokens"].data
    vectors = vectors_shard([wrong], config.embedding)["vectors"].data
    assemble(tmp_path / "index", [right], [tokens], [vectors], config, "0" * 64)
    return Index.open(tmp_path / "index")


def test_an_index_whose_parts_are_shifted_is_found_out(shifted: Index) -> None:
    problems = check(shifted)
    assert any(problem.startswith("bm25: only") and "their own document" in problem for problem in problems)
    assert any(problem.startswith("dense: only") for problem in problems)


def test_an_index_that_finds_nothing_is_found_out(tmp_path: Path) -> None:
    config = IndexConfig()
    passages = passages_shard([encode_rows(DOCUMENTS).data], config.passages)["passages"].data
    tokens = encode_rows({"id": document.id, "tokens": ""} for document in DOCUMENTS).data
    vectors = vectors_shard([passages], config.embedding)["vectors"].data
    assemble(tmp_path / "index", [passages], [tokens], [vectors], config, "0" * 64)
    assert any(
        problem.startswith("bm25: 15 of 15 passages find nothing")
        for problem in check(Index.open(tmp_path / "index"))
    )
