"""Search is measured by every method, as of each question's date, and nonsense is not reported as zero."""

import dataclasses
from collections.abc import Callable

import pytest

from datasets_registry.records import Document, Question
from tasks.evaluation.retrieval import NothingFound, evaluate, known_item_questions
from tasks.retrieval.index import Index
from tasks.retrieval.known_items import half_of

SUBJECTS = {"碳配额": "2024-01-10", "净利润": "2024-02-10", "存款利率": "2024-03-10", "国债": None}
DOCUMENTS = [
    Document(f"d{n}", f"会议讨论了{subject}的最新情况。", f"关于{subject}的公告", day, "s", {})
    for n, (subject, day) in enumerate(SUBJECTS.items())
]
QUESTIONS = [Question(f"q{n}", f"{subject}情况如何", (f"d{n}",)) for n, subject in enumerate(SUBJECTS)]


@pytest.fixture(scope="module")
def index(build_index: Callable[..., Index]) -> Index:
    return build_index(DOCUMENTS)


def test_every_method_is_measured_and_every_rank_kept(index: Index) -> None:
    report = evaluate(index, QUESTIONS)
    assert set(report.methods) == set(report.ranks) == {"bm25", "dense", "hybrid"}
    assert report.methods["bm25"] == {"success@1": 1, "success@3": 1, "success@5": 1, "rr@10": 1, "mrr": 1}
    assert report.ranks["hybrid"] == dict.fromkeys(["q0", "q1", "q2", "q3"], 1)
    assert (report.queries, report.answerable) == (4, 4)


def test_a_document_from_after_the_date_of_the_question_is_not_found(index: Index) -> None:
    dated = [dataclasses.replace(question, as_of="2024-02-15") for question in QUESTIONS]
    assert evaluate(index, dated, ["bm25"]).ranks["bm25"] == {"q0": 1, "q1": 1, "q2": None, "q3": None}


def test_finding_nothing_at_all_is_an_error_that_explains(index: Index) -> None:
    elsewhere = [dataclasses.replace(question, gold=("unknown",)) for question in QUESTIONS]
    with pytest.raises(NothingFound, match="0 of them have a gold document among the 4 of the index"):
        evaluate(index, elsewhere)


def test_no_questions_or_repeated_ids_are_refused(index: Index) -> None:
    with pytest.raises(ValueError, match="found 0 questions"):
        evaluate(index, [])
    with pytest.raises(ValueError, match=r"repeated ids \['q0'\]"):
        evaluate(index, [*QUESTIONS, QUESTIONS[0]])


ASKED = next(name for name in "abcdefgh" if half_of(name) == "evaluation")


def titled(name: str, title: str) -> Document:
    return Document(name, "文", title, None, "s", {})


def test_unique_titles_ask_for_their_documents() -> None:
    documents = [titled("a", "年报"), titled("b", "年报"), titled(ASKED, "碳配额公告")]
    assert known_item_questions(documents, 10, seed=0) == [Question(f"known-{ASKED}", "碳配额公告", (ASKED,))]


def test_a_document_without_a_title_is_asked_for_by_its_first_sentence() -> None:
    document = Document(ASKED, "碳配额今日成交1.2万吨。均价58元。", " ", None, "s", {})
    assert known_item_questions([document], 10, seed=0) == [
        Question(f"known-{ASKED}", "碳配额今日成交1.2万吨。", (ASKED,))
    ]


def test_the_choice_of_titles_depends_on_ids_and_seed_not_on_order() -> None:
    documents = [titled(f"d{number}", f"公告{number}") for number in range(50)]
    chosen = known_item_questions(documents, 10, seed=3)
    assert chosen == known_item_questions(documents[::-1], 10, seed=3)
    assert len(chosen) == 10
    assert {q.id for q in chosen} != {q.id for q in known_item_questions(documents, 10, seed=4)}
    without = known_item_questions([d for d in documents if d.id != chosen[0].gold[0]], 10, seed=3)
    assert without[:9] == chosen[1:]
