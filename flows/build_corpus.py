"""Raw files to a clean corpus without duplicates: `finloom run build-corpus --set input=PATH_OR_GLOB`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from tasks.corpus.config import CleaningConfig, QualityConfig, ReadingConfig
from tasks.corpus.tasks import (
    assemble_corpus,
    clean_documents,
    export_corpus,
    ingest_files,
    present_corpus,
    publish_corpus,
    read_rows,
    report_corpus,
)
from tasks.dedup.config import DedupConfig
from tasks.dedup.tasks import earlier_verdicts, find_duplicates
from tasks.runtime.published import published
from tasks.succession.tasks import continue_corpus, recall_documents


@flow(name="build-corpus", persist_result=False)
def build_corpus(
    input: str = "sample",
    reading: ReadingConfig = ReadingConfig(),
    cleaning: CleaningConfig = CleaningConfig(),
    quality: QualityConfig = QualityConfig(),
    dedup: DedupConfig = DedupConfig(),
    name: str = "main",
    export: str | None = None,
    earlier: str | None = None,
) -> ArtifactRef:
    """Read, clean, judge, deduplicate and publish a corpus; every input line gets a decision with its reason.

    Args:
        input: A file, a folder or a glob of JSON-lines files (.jsonl, .gz, .zst); `sample` is the shipped corpus.
        reading: How lines are read.
        cleaning: Which noise is removed from texts.
        quality: Which texts are good enough to keep.
        dedup: Which texts count as repeats, and which of them stays.
        name: The name under which the corpus is put in force.
        export: A folder on the machine that runs the flow; the results are also written there as plain files.
        earlier: Another corpus by its name (`main~1` was in force before `main`) or sha256: what it decided stands,
            and the input is added to it. A document that comes again under its id replaces the one there.
    """
    before = published("corpus", earlier) if earlier else None
    raw = ingest_files(input)
    lines = read_rows(raw, reading)
    cleaned = clean_documents(lines, cleaning, quality)
    if before:
        cleaned = recall_documents(before, cleaned)
    verdicts = find_duplicates(cleaned, earlier_verdicts(before, dedup) if before else None, dedup)
    today = assemble_corpus(lines, cleaned, verdicts)
    corpus = continue_corpus(before, today, cleaned) if before else today
    report = report_corpus(lines, cleaned, verdicts, today, corpus, name)
    present_corpus(corpus)
    publish_corpus(corpus, name)
    if export:
        export_corpus(corpus, report, export)
    return corpus
