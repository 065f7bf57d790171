"""The main job, top to bottom: `make run`, or `finloom run research-factory`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from flows.build_corpus import build_corpus
from flows.build_index import build_index
from tasks.corpus.config import CleaningConfig, QualityConfig, ReadingConfig
from tasks.corpus.reading import SAMPLE
from tasks.corpus.tasks import sample_questions
from tasks.dedup.config import DedupConfig
from tasks.evaluation.config import AnswerConfig, RetrievalEvalConfig
from tasks.evaluation.tasks import (
    answer_examples,
    ask_known_items,
    evaluate_retrieval,
    ingest_questions,
    present_results,
)
from tasks.retrieval.config import SearchConfig


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
    name: str = "main",
    export: str | None = None,
) -> ArtifactRef:
    """Build the corpus and the index, measure search, answer example questions.

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
    return present_results(corpus, index, measured, answered)
