"""The tasks of the evaluation stage: how well an index finds, what its answers look like, how well models reason."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from pydantic import TypeAdapter

from blocks.history import lineage
from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore, local_copy
from datasets_registry.artifact import Action, ArtifactRef
from datasets_registry.records import Document, Question
from tasks.agent.answer import extract_answer
from tasks.agent.exercises import read_exercises
from tasks.checkpoints.folder import check_model_folder
from tasks.evaluation.ablation import ablation_markdown, ablation_note, ablation_table
from tasks.evaluation.card import AnsweredQuestion, FactoryRun, RunCard
from tasks.evaluation.config import AnswerConfig, ModelEvalConfig, RetrievalEvalConfig
from tasks.evaluation.factory import Section, Table, in_sections, render_factory, training_curves
from tasks.evaluation.models import Ablation, compare, read_answers
from tasks.evaluation.questions import read_questions
from tasks.evaluation.results import (
    corpus_tables,
    embedder_tables,
    latency_curves,
    model_tables,
    release_tables,
    retrieval_tables,
)
from tasks.evaluation.retrieval import evaluate, known_item_questions
from tasks.pages.curves import Point
from tasks.retrieval.comparison import compare_ranks
from tasks.retrieval.filters import Filters, as_of_date
from tasks.retrieval.index import Index
from tasks.runtime.encoder import Encoders
from tasks.runtime.keys import Identity
from tasks.runtime.metrics import parse_metrics
from tasks.runtime.programs import Program, ProgramFailed
from tasks.runtime.published import stored
from tasks.runtime.rows import add_rows, rows_of
from tasks.runtime.steps import Made, step
from tasks.runtime.workplace import workplace

VERSION = "2026.11.22"

ANSWERS = TypeAdapter(list[AnsweredQuestion])
EXAMINER = "tasks.evaluation.programs.generate"


@step(Identity("ingest-questions", VERSION), cached=False)
def ingest_questions(path: str) -> Made:
    """Store a query set: JSON lines of `{"id"?, "query", "gold", "as_of"?, "answer"?}`."""
    return _publish_questions(load_store(), read_questions(Path(path)))


@step(Identity("ask-known-items", VERSION))
def ask_known_items(corpus: ArtifactRef, config: RetrievalEvalConfig) -> Made:
    """Pseudo-queries for a corpus without a query set: titles ask for their own documents."""
    store = load_store()
    documents = rows_of(store, corpus, "documents", Document)
    return _publish_questions(store, known_item_questions(documents, config.known_items, config.seed))


@step(Identity("evaluate-retrieval", VERSION, ("bm25s", "faiss-cpu")))
def evaluate_retrieval(index: ArtifactRef, questions: ArtifactRef) -> Made:
    """Success at 1, 3 and 5, RR@10 and MRR of every search method on a query set."""
    store = load_store()
    with Encoders(store) as encoders:
        opened = Index.open(local_copy(store, index), open_model=encoders.open)
        report = evaluate(opened, load_questions(store, questions))
    entry = store.add_file("retrieval.json", orjson.dumps(report, option=orjson.OPT_INDENT_2), report.queries)
    return Made(store.publish("evaluation/retrieval", [entry]), {"queries": report.queries})


@step(Identity("compare-retrieval", VERSION, ("numpy",)))
def compare_retrieval(before: ArtifactRef, after: ArtifactRef) -> Made:
    """Two evaluations of one query set side by side, with the 95 % interval of every difference."""
    store = load_store()
    ranks = [orjson.loads(store.read(ref, "retrieval.json"))["ranks"] for ref in (before, after)]
    compared = compare_ranks(*ranks)
    entry = store.add_file("comparison.json", compared.model_dump_json(indent=2).encode(), compared.queries)
    return Made(store.publish("evaluation/comparison", [entry]), {"queries": compared.queries})


@step(Identity("answer-examples", VERSION, ("bm25s", "faiss-cpu")))
def answer_examples(index: ArtifactRef, questions: ArtifactRef, config: AnswerConfig) -> Made:
    """Extractive answers to the first questions of a query set, each with its citations."""
    store = load_store()
    answers = []
    with Encoders(store) as encoders:
        opened = Index.open(local_copy(store, index), open_model=encoders.open)
        for question in load_questions(store, questions)[: config.examples]:
            filters = Filters(as_of=None if question.as_of is None else as_of_date(question.as_of))
            hits = opened.search(question.query, "hybrid", config.passages, filters=filters)
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
    measured = orjson.loads(store.read(retrieval, "retrieval.json"))
    answered = ANSWERS.validate_json(store.read(answers, "answers.json"))
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


@step(Identity("examine-model", VERSION, tools=("verl",)), timeout_hours=24)
def examine_model(model: ArtifactRef, exercises: ArtifactRef, config: ModelEvalConfig) -> Made:
    """A model's answers to the exercises that are held out, and its loss on their reference solutions."""
    store = load_store()
    with workplace(store) as place:
        folder = place.stage(model, "model")
        check_model_folder(folder)
        asked = place.stage(exercises, "exercises") / "held_out.jsonl"
        said = place.folder / "answers.jsonl"
        arguments = {
            "model": folder, "exercises": asked, "out": said, "device": config.device, "batch": config.batch,
            "max-new-tokens": config.max_new_tokens, "limit": config.limit,
        }  # fmt: skip
        words = [word for name, value in arguments.items() if value for word in (f"--{name}", str(value))]
        hidden = {"CUDA_VISIBLE_DEVICES": ""} if config.device == "cpu" else {}
        place.run(
            Program("verl", ("python", "-m", EXAMINER, *words), {"HF_HUB_OFFLINE": "1"} | hidden, hours=24)
        )
        if not said.exists():
            raise ProgramFailed(f"{EXAMINER} ended well but wrote no {said.name}; its log says why")
        answers = read_answers(said)
        entry = store.add_file(said.name, said.read_bytes(), len(answers))
        made = store.publish("evaluation/examination", [entry])
    return Made(made, {"exercises": len(answers), "tokens": sum(answer.tokens for answer in answers)})


@step(Identity("compare-models", VERSION, ("numpy",)))
def compare_models(
    so_far: ArtifactRef | None, examination: ArtifactRef, exercises: ArtifactRef, label: str
) -> Made:
    """The ablation table with one more row; the first row is what all others are compared with."""
    store = load_store()
    answers = {}
    if so_far is not None:
        folder = local_copy(store, so_far)
        rows = Ablation.model_validate_json((folder / "ablation.json").read_bytes()).rows
        answers = {row.label: folder / "answers" / f"{row.label}.jsonl" for row in rows}
    if label in answers:
        raise ValueError(f"two models are called {label!r}; give every model a label of its own")
    answers[label] = local_copy(store, examination) / "answers.jsonl"
    given = {name: read_answers(path) for name, path in answers.items()}
    asked = read_exercises(local_copy(store, exercises) / "held_out.jsonl")
    ablation = compare(asked[: len(given[label])], given)
    files = [
        store.add_file("ablation.json", ablation.model_dump_json(indent=2).encode(), len(ablation.rows)),
        store.add_file("ablation.md", ablation_markdown(ablation).encode()),
        *(store.add_file(f"answers/{name}.jsonl", path.read_bytes()) for name, path in answers.items()),
    ]
    return Made(
        store.publish("evaluation/models", files), {"models": len(given), "questions": ablation.questions}
    )


@step(Identity("present-models", VERSION), cached=False)
def present_models(ablation: ArtifactRef) -> Made:
    """The ablation table, shown in the Prefect UI."""
    table = read_ablation(load_store(), ablation)
    create_table_artifact(ablation_table(table), key="ablation", description=ablation_note(table))
    return Made(ablation)


@step(Identity("present-factory", VERSION), cached=False)
def present_factory(
    card: ArtifactRef,
    corpus: ArtifactRef,
    retrieval: ArtifactRef,
    embedder: ArtifactRef,
    sft: ArtifactRef,
    grpo: ArtifactRef,
    models: ArtifactRef,
    release: ArtifactRef,
) -> Made:
    """The page of a whole run, with the addresses of what it made."""
    store = load_store()
    released = _json(store, release, "card.json")
    shown: dict[str, tuple[ArtifactRef, list[Table]]] = {
        "语料": (corpus, corpus_tables(_json(store, corpus, "summary.json"))),
        "索引与检索": (retrieval, retrieval_tables(_json(store, retrieval, "retrieval.json"))),
        "向量模型": (embedder, embedder_tables(_json(store, embedder, "report.json"))),
        "监督微调": (sft, []),
        "强化学习": (grpo, []),
        "模型评测": (models, model_tables(read_ablation(store, models))),
        "发布": (release, release_tables(released)),
    }
    results = [result for result, _ in shown.values()]
    parts = in_sections(lineage(store, *results), results)
    sections = [
        Section(title, result, steps, _curves(store, steps), "步数", tuple(tables))
        for (title, (result, tables)), steps in zip(shown.items(), parts, strict=True)
    ]
    sections[-1] = replace(sections[-1], curves=latency_curves(released), axis="并发请求数")
    run = FactoryRun(card=card, models=models, release=release)
    files = [
        store.add_file("report.html", render_factory(sections).encode()),
        store.add_file("run.json", run.model_dump_json(indent=2).encode()),
    ]
    return Made(store.publish("run/factory", files))


def read_ablation(store: ArtifactStore, ref: ArtifactRef) -> Ablation:
    """The figures of compared models."""
    return Ablation.model_validate_json(store.read(ref, "ablation.json"))


def stored_questions(questions: str) -> ArtifactRef:
    """The query set of a file, stored now, or the stored one whose sha256 is given."""
    return stored(questions, ingest_questions)


def load_questions(store: ArtifactStore, ref: ArtifactRef) -> list[Question]:
    """The questions of a stored query set."""
    return list(rows_of(store, ref, "questions", Question))


def _json(store: ArtifactStore, ref: ArtifactRef, name: str) -> dict[str, Any]:
    """A JSON file of an artifact."""
    read: dict[str, Any] = orjson.loads(store.read(ref, name))
    return read


def _curves(store: ArtifactStore, steps: Sequence[Action]) -> dict[str, dict[str, list[Point]]]:
    """The curves of the trainings among some steps."""
    drawn: dict[str, dict[str, list[Point]]] = {}
    for step_ in steps:
        if step_.output.kind.startswith("training/"):
            data = store.read(step_.output, "metrics.jsonl")
            drawn |= training_curves(parse_metrics(data))
    return drawn


def _publish_questions(store: ArtifactStore, questions: list[Question]) -> Made:
    entry = add_rows(store, "questions", 0, questions)
    return Made(store.publish("evaluation/questions", [entry]), {"questions": len(questions)})
