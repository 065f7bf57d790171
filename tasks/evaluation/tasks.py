"""The tasks of the evaluation stage: how well an index finds, and what its answers look like."""

from pathlib import Path

import orjson
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from pydantic import TypeAdapter

from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore, local_copy
from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Document, Question
from tasks.agent.answer import extract_answer
from tasks.evaluation.card import AnsweredQuestion, RunCard
from tasks.evaluation.config import AnswerConfig, RetrievalEvalConfig
from tasks.evaluation.questions import read_questions
from tasks.evaluation.retrieval import evaluate, known_item_questions
from tasks.retrieval.index import Index
from tasks.runtime.keys import Identity
from tasks.runtime.parts import decode_as, encode_rows
from tasks.runtime.steps import Made, step

VERSION = "2026.11.21"

ANSWERS = TypeAdapter(list[AnsweredQuestion])


@step(Identity("ingest-questions", VERSION), cached=False)
def ingest_questions(path: str) -> Made:
    """Store a query set: JSON lines of `{"id"?, "query", "gold", "as_of"?, "answer"?}`."""
    return _publish_questions(load_store(), read_questions(Path(path)))


@step(Identity("ask-known-items", VERSION))
def ask_known_items(corpus: ArtifactRef, config: RetrievalEvalConfig) -> Made:
    """Pseudo-queries for a corpus without a query set: titles ask for their own documents."""
    store = load_store()
    shards = store.blobs(store.tree(corpus).part("documents"))
    documents = (document for data in shards for document in decode_as(data, Document))
    return _publish_questions(store, known_item_questions(documents, config.known_items, config.seed))


@step(Identity("evaluate-retrieval", VERSION, ("bm25s", "faiss-cpu")))
def evaluate_retrieval(index: ArtifactRef, questions: ArtifactRef) -> Made:
    """Success at 1, 3 and 5, RR@10 and MRR of every search method on a query set."""
    store = load_store()
    report = evaluate(Index.open(local_copy(store, index)), load_questions(store, questions))
    entry = store.add_file("retrieval.json", orjson.dumps(report, option=orjson.OPT_INDENT_2), report.queries)
    return Made(store.publish("evaluation/retrieval", [entry]), {"queries": report.queries})


@step(Identity("answer-examples", VERSION, ("bm25s", "faiss-cpu")))
def answer_examples(index: ArtifactRef, questions: ArtifactRef, config: AnswerConfig) -> Made:
    """Extractive answers to the first questions of a query set, each with its citations."""
    store = load_store()
    opened = Index.open(local_copy(store, index))
    answers = []
    for question in load_questions(store, questions)[: config.examples]:
        hits = opened.search(question.query, "hybrid", config.passages, None, question.as_of)
        answer = extract_answer(question.query, hits)
        answers.append(AnsweredQuestion(question=question.query, as_of=question.as_of, answer=answer))
    entry = store.add_file("answers.json", ANSWERS.dump_json(answers, indent=2), len(answers))
    return Made(store.publish("evaluation/answers", [entry]), {"answers": len(answers)})


@step(Identity("present-results", VERSION), cached=False)
def present_results(
    corpus: ArtifactRef, index: ArtifactRef, retrieval: ArtifactRef, answers: ArtifactRef
) -> Made:
    """The card of a run, stored and shown in the Prefect UI."""
    store = load_store()
    measured = orjson.loads(store.get_blob(store.tree(retrieval).file("retrieval.json").sha256))
    answered = ANSWERS.validate_json(store.get_blob(store.tree(answers).file("answers.json").sha256))
    card = RunCard(
        corpus=corpus,
        index=index,
        methods=measured["methods"],
        queries=measured["queries"],
        answerable=measured["answerable"],
        answers=tuple(answered),
    )
    table = [
        {"方法": method} | {name: round(value, 4) for name, value in figures.items()}
        for method, figures in card.methods.items()
    ]
    create_table_artifact(table, key="retrieval", description=f"检索评测：{card.queries} 个问题")
    create_markdown_artifact("\n\n".join(answer.as_markdown() for answer in answered), key="example-answers")
    return Made(
        store.publish("run/card", [store.add_file("card.json", card.model_dump_json(indent=2).encode())])
    )


def load_questions(store: ArtifactStore, ref: ArtifactRef) -> list[Question]:
    """The questions of a stored query set."""
    shards = store.blobs(store.tree(ref).part("questions"))
    return [question for data in shards for question in decode_as(data, Question)]


def _publish_questions(store: ArtifactStore, questions: list[Question]) -> Made:
    part = encode_rows(questions)
    entry = store.add_file(f"questions/00000.{part.suffix}", part.data, part.rows)
    return Made(store.publish("evaluation/questions", [entry]), {"questions": len(questions)})
