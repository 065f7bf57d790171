"""Published files become finloom's records; a row that does not fit is named by file and line."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datasets_registry.entries import CatalogEntry, find
from datasets_registry.loading import BadRow, load_documents, load_questions
from datasets_registry.records import Question


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def only(name: str, path: Path) -> Question:
    (question,) = load_questions(find(name), path)
    return question


def test_gsm8k_keeps_the_number_behind_the_hashes(tmp_path: Path) -> None:
    question = only(
        "gsm8k", write(tmp_path / "t.jsonl", {"question": "1+1?", "answer": "One and one.\n#### 2"})
    )
    assert (question.id, question.query, question.answer) == ("gsm8k-t-1", "1+1?", "2")


def test_option_columns_stand_below_the_question(tmp_path: Path) -> None:
    path = tmp_path / "tax_law_val.csv"
    path.write_text("﻿id,question,A,B,C,D,answer\n0,哪种税？,甲,乙,丙,,B\n", "utf-8")
    question = only("FinEval", path)
    assert question.query == "哪种税？\nA. 甲\nB. 乙\nC. 丙"
    assert (question.id, question.answer) == ("FinEval-tax_law_val-2", "B")


def test_an_answer_that_is_not_published_is_none(tmp_path: Path) -> None:
    path = tmp_path / "accountant_test.csv"
    path.write_text("id,question,A,B,C,D,answer\n0,问,甲,乙,丙,丁,\n", "utf-8")
    assert only("C-Eval", path).answer is None


def test_an_index_into_a_list_of_options_becomes_its_letter(tmp_path: Path) -> None:
    path = tmp_path / "test.parquet"
    pq.write_table(pa.Table.from_pylist([{"question": "q", "choices": ["x", "y"], "answer": 1}]), path)
    assert (only("MMLU", path).query, only("MMLU", path).answer) == ("q\nA. x\nB. y", "B")


def test_labels_beside_texts_keep_their_labels(tmp_path: Path) -> None:
    row = {
        "id": "M1",
        "question": "q",
        "choices": {"text": ["x", "y"], "label": ["1", "2"]},
        "answerKey": "2",
    }
    question = only("ARC-c", write(tmp_path / "arc.jsonl", row))
    assert (question.id, question.query, question.answer) == ("M1", "q\n1. x\n2. y", "2")


def test_options_written_as_a_python_literal_are_read(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.json"
    path.write_text(
        json.dumps([{"question": "终值？", "choices": "{'A': 'FV=PV', 'B': 'PV=FV'}", "answer": "A"}]),
        "utf-8",
    )
    assert only("CFLUE", path).query == "终值？\nA. FV=PV\nB. PV=FV"


def test_options_are_never_executed(tmp_path: Path) -> None:
    row = {"question": "q", "choices": "__import__('os').getcwd()", "answer": "A"}
    with pytest.raises(BadRow, match=r"knowledge\.jsonl:1: the options at 'choices' cannot be read"):
        only("CFLUE", write(tmp_path / "knowledge.jsonl", row))


def test_a_table_and_its_texts_stand_above_the_question(tmp_path: Path) -> None:
    row = {
        "id": "ETR/2016",
        "pre_text": ["before", "the table"],
        "table": [["", "2016"], ["debt", "5829"]],
        "post_text": ["after"],
        "qa": {"question": "net change?", "exe_ans": 94.0},
    }
    question = only("FinQA", write(tmp_path / "dev.jsonl", row))
    assert question.query == "before\nthe table\n | 2016\ndebt | 5829\nafter\nnet change?"
    assert (question.id, question.answer) == ("ETR/2016", "94.0")


def test_a_turn_of_a_conversation_has_an_id_of_its_own(tmp_path: Path) -> None:
    row = {"id": "c1", "turn_ind": 2, "cur_dial": ["in 2016?", "and 2015?"], "exe_ans": 3}
    assert only("ConvFinQA", write(tmp_path / "dev_turn.jsonl", row)).id == "c1-2"


def test_speakers_are_found_whatever_their_order_and_name(tmp_path: Path) -> None:
    turns = [
        {"role": "SYSTEM", "content": "s"},
        {"role": "HUMAN", "content": "问"},
        {"role": "ASSISTANT", "content": "答"},
    ]
    question = only("Agentar-DeepFinance-100K", write(tmp_path / "a.jsonl", {"messages": turns}))
    assert (question.query, question.answer) == ("问", "答")


def test_a_label_becomes_its_word(tmp_path: Path) -> None:
    path = tmp_path / "sent_valid.csv"
    path.write_text("text,label\n$AAPL falls,0\n", "utf-8")
    assert only("TFNS", path).answer == "Bearish"


def test_a_document_keeps_what_the_schema_does_not_name(tmp_path: Path) -> None:
    row = {"id": "d1", "title": "通知", "text": "关于配额", "published": "2024-10-15", "url": "u"}
    (document,) = load_documents(find("carbon-mee-notices"), write(tmp_path / "n.jsonl", row))
    assert (document.id, document.text, document.published, document.line) == (
        "d1",
        "关于配额",
        "2024-10-15",
        1,
    )
    assert (document.source, document.metadata) == ("carbon-mee-notices", {"url": "u"})


def test_an_object_in_place_of_text_is_a_record(tmp_path: Path) -> None:
    row = {"id": "q1", "contents": {"股票代码": "600519"}, "metadata": {"source_file": "1.pkl"}}
    (document,) = load_documents(find("OmniEval-Corpus"), write(tmp_path / "all.jsonl", row))
    assert (document.text, document.record, document.source) == (None, {"股票代码": "600519"}, "1.pkl")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (["not", "an", "object"], "found list, wanted an object"),
        ({"id": "x", "text": ""}, "no text at 'text'"),
        ({"text": "t", "published": "2024/10/15"}, "found the date '2024/10/15', wanted YYYY-MM-DD"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path, row: object, problem: str) -> None:
    path = write(tmp_path / "n.jsonl", {"text": "good"}, row)
    with pytest.raises(BadRow, match=rf"n\.jsonl:2: {problem}"):
        list(load_documents(find("carbon-mee-notices"), path))


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "n.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "a"}\n\n{"text": \n'))
    with pytest.raises(BadRow, match=r"n\.jsonl\.gz:3: not JSON"):
        list(load_documents(find("carbon-mee-notices"), path))


def test_a_row_with_missing_columns_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("text,label\nonly text\n", "utf-8")
    with pytest.raises(BadRow, match=r"t\.csv:2: wanted 2 columns"):
        only("TFNS", path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot read \.pkl; wanted one of \.jsonl"):
        list(load_documents(find("carbon-mee-notices"), tmp_path / "nodes.pkl"))


@pytest.mark.parametrize("name", ["gsm8k", "DianJin-R1-Data", "Qwen3-8B"])
def test_a_loader_that_does_not_fit_the_entry_says_which_does(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="documents were asked for; its loader is"):
        list(load_documents(find(name), tmp_path / "x.jsonl"))


def test_the_real_gsm8k_has_a_number_for_every_question(shared_data: Path) -> None:
    questions = list(load_questions(find("gsm8k"), shared_data / "qa" / "gsm8k_train.jsonl.gz"))
    assert len(questions) == len({question.id for question in questions}) == 7473
    assert (questions[0].id, questions[0].answer) == ("gsm8k-train-0", "72")
    assert all(question.answer and len(question.answer) < 20 for question in questions)


def repacked(entry: CatalogEntry) -> CatalogEntry:
    """The entry for a copy whose options stand in one object and whose ids are whole."""
    schema = entry.row_schema
    assert schema is not None
    fields = dict(schema.fields) | {"id": "id"}
    return entry.model_copy(
        update={"row_schema": schema.model_copy(update={"fields": fields, "choices": "choices"})}
    )


def test_the_real_fin_eva_offers_the_option_that_answers(shared_data: Path) -> None:
    questions = list(load_questions(repacked(find("Ant_Finance")), shared_data / "qa" / "fin_eva.jsonl.gz"))
    assert len(questions) == 1402
    with_options = [question for question in questions if "\nA. " in question.query]
    assert len(with_options) > 1200
    assert all(f"\n{question.answer}. " in question.query for question in with_options)


def test_the_real_carbon_pages_are_documents(shared_data: Path) -> None:
    documents = list(
        load_documents(find("carbon-exchange-notices"), shared_data / "docs" / "carbon_policy.jsonl.gz")
    )
    assert len(documents) == 2056
    assert len({document.sha256 for document in documents}) == 2056
