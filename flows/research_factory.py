"""The main job, top to bottom: `make run`, `make run-full`, or `finloom run research-factory`."""

from typing import Literal

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from flows.build_corpus import build_corpus
from flows.build_index import build_index
from flows.evaluate_models import evaluate_models
from flows.release_model import release_model
from flows.train_embedder import train_embedder
from flows.train_grpo import train_grpo
from flows.train_sft import train_sft
from tasks.checkpoints.config import BaseConfig
from tasks.corpus.config import CleaningConfig, QualityConfig, ReadingConfig
from tasks.corpus.reading import SAMPLE
from tasks.corpus.tasks import sample_questions
from tasks.dedup.config import DedupConfig
from tasks.embedding.config import EmbedderConfig
from tasks.evaluation.config import AnswerConfig, ModelEvalConfig, RetrievalEvalConfig
from tasks.evaluation.tasks import (
    answer_examples,
    ask_known_items,
    evaluate_retrieval,
    ingest_questions,
    present_factory,
    present_results,
)
from tasks.grpo.config import GrpoConfig
from tasks.reasoning.config import ExerciseConfig
from tasks.release.config import ReleaseConfig
from tasks.retrieval.config import SearchConfig
from tasks.runtime.routing import on_gpu_pool
from tasks.sft.config import SftConfig


@flow(name="research-factory", persist_result=False)
def research_factory(
    input: str = SAMPLE,
    questions: str | None = None,
    reading: ReadingConfig = ReadingConfig(),
    cleaning: CleaningConfig = CleaningConfig(),
    quality: QualityConfig = QualityConfig(),
    dedup: DedupConfig = DedupConfig(),
    search: SearchConfig = SearchConfig(),
    evaluation: RetrievalEvalConfig = RetrievalEvalConfig(),
    answers: AnswerConfig = AnswerConfig(),
    until: Literal["answers", "release"] = "answers",
    embedder_base: BaseConfig = BaseConfig(name="Qwen3-Embedding-0.6B"),
    embedder: EmbedderConfig = EmbedderConfig(),
    base: BaseConfig = BaseConfig(),
    exercises: ExerciseConfig = ExerciseConfig(),
    sft: SftConfig = SftConfig(),
    grpo: GrpoConfig = GrpoConfig(),
    examination: ModelEvalConfig = ModelEvalConfig(),
    release: ReleaseConfig = ReleaseConfig(),
    name: str = "main",
    export: str | None = None,
) -> ArtifactRef:
    """Build the corpus and the index, measure search, answer questions; then train, compare and release models.

    Args:
        input: A file, a folder or a glob of JSON-lines files; `sample` is the shipped sample corpus.
        questions: A query set (JSON lines of query and gold ids); without one, titles ask for their own.
        reading: How lines are read.
        cleaning: Which noise is removed from texts.
        quality: Which texts are good enough to keep.
        dedup: Which of equal texts stays.
        search: How passages are scored.
        evaluation: What search is measured on without a query set.
        answers: The example questions.
        until: Where the run ends: with answered questions, or with a released model.
        embedder_base: The model that the embedder starts from.
        embedder: How the embedder is fine-tuned.
        base: The model that reasoning is taught to.
        exercises: What it learns from, and what is held out.
        sft: How it is taught.
        grpo: How it is reinforced.
        examination: How base, SFT and SFT+GRPO are compared.
        release: What is made of the last of them, proven and measured.
        name: The name under which the corpus and the index are put in force.
        export: A folder on the machine that runs the flow; the corpus is also written there as plain files.
    """
    corpus = build_corpus(input, reading, cleaning, quality, dedup, name, export)
    index = build_index(corpus=corpus.sha256, search=search, name=name)
    if questions is None and input == SAMPLE:
        questions = sample_questions()
    asked = ingest_questions(questions) if questions else ask_known_items(corpus, evaluation)
    measured = evaluate_retrieval(index, asked)
    answered = answer_examples(index, asked, answers)
    card = present_results(corpus, index, measured, answered)
    if until == "answers":
        return card
    # fmt: off
    tuned = on_gpu_pool(
        train_embedder, embedder.device, corpus=corpus.sha256, embedder_base=embedder_base, embedder=embedder,
        questions=asked.sha256, search=search, name=name,
    )
    taught = on_gpu_pool(train_sft, sft.device, base=base, exercises=exercises, sft=sft)
    better = on_gpu_pool(train_grpo, grpo.device, model=taught.sha256, exercises=exercises, grpo=grpo)
    compared = on_gpu_pool(evaluate_models, examination.device, exercises=exercises, examination=examination)
    released = on_gpu_pool(
        release_model, release.serving.device, model=better.sha256, release=release, exercises=exercises,
        examined=compared.sha256,
    )
    # fmt: on
    return present_factory(card, corpus, measured, tuned, taught, better, compared, released)
