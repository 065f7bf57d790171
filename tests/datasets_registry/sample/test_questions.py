"""The questions: answered by their documents, as of their days, and not by copies."""

import re
from collections import Counter

from datasets_registry.records import Question
from tests.datasets_registry.sample.reading import Sample

CARBON = re.compile(r"碳|CCER|绿证|绿电|环境信息|减排|清缴|公示")


def test_there_are_200_questions_of_the_registered_form(sample: Sample) -> None:
    questions = [Question(**row) for row in sample.questions]
    assert [question.id for question in questions] == [f"q-{number:04d}" for number in range(1, 201)]
    assert sum(question.as_of is not None for question in questions) == 50
    assert sum(bool(CARBON.search(question.query)) for question in questions) >= 20
    plain = Counter(question.query for question in questions if question.as_of is None)
    assert max(plain.values()) == 1


def test_gold_is_an_original_or_an_update_that_states_the_answer(sample: Sample) -> None:
    for row in sample.questions:
        (gold,) = row["gold"]
        assert sample.truth[gold]["kind"] in ("original", "update")
        text = sample.texts[gold] + sample.rows[gold].get("title", "")
        for figure in re.findall(r"\d[\d,.]*", row["answer"]) or [row["answer"]]:
            assert figure in text, row


def test_gold_is_never_the_lesser_text_of_its_copies(sample: Sample) -> None:
    golden = {gold for row in sample.questions for gold in row["gold"]}
    for truth in sample.truth.values():
        if truth["of"] in golden and truth["kind"] != "update":
            assert truth["kind"] == "exact_copy" or truth["kind"].startswith("truncated_")


def test_as_of_lets_only_the_right_document_answer(sample: Sample) -> None:
    corrected = {truth["of"]: id for id, truth in sample.truth.items() if truth["kind"] == "update"}
    early = 0
    for row in sample.questions:
        (gold,) = row["gold"]
        if row["as_of"] is None:
            assert gold not in corrected
            continue
        assert sample.rows[gold]["published"] <= row["as_of"]
        if later := corrected.get(gold):
            early += 1
            assert sample.rows[later]["published"] > row["as_of"]
            before, after = sample.truth[later]["detail"].split(" -> ")
            assert before == row["answer"] != after
    assert early == 40


def test_questions_are_not_sentences_of_their_documents(sample: Sample) -> None:
    for row in sample.questions:
        (gold,) = row["gold"]
        assert row["query"].rstrip("？") not in sample.texts[gold]
