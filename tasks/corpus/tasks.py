"""The tasks of the corpus stage: files in, a clean corpus with its accounts out."""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import orjson
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from blocks.history import promote
from blocks.home import home
from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef, FileEntry
from datasets_registry.records import Decision, Document, Family, JsonObject
from tasks.corpus.config import CleaningConfig, QualityConfig, ReadingConfig
from tasks.corpus.ledger import Summary, summarise
from tasks.corpus.reading import SAMPLE, find_files, read_lines
from tasks.corpus.report import render_report
from tasks.corpus.rows import parse_line
from tasks.corpus.shards import CleanShard, Nothing, ReadLine, clean_lines, settle_lines
from tasks.corpus.tally import Tally, engine_fact, held_apart, merge, report_data, tally_lines
from tasks.runtime.keys import Identity
from tasks.runtime.parts import decode_as, decode_rows
from tasks.runtime.progress import progress_in_ui
from tasks.runtime.rows import add_rows, rows_of
from tasks.runtime.shards import map_shards
from tasks.runtime.steps import Made, step

VERSION = "2026.11.24"

CLEAN = Identity("clean-documents", VERSION)
SETTLE = Identity("assemble-corpus", VERSION)
REPORT = Identity("report-corpus", VERSION, ("altair", "vl-convert-python"))


class EmptyCorpus(ValueError):
    """An input left no document to publish."""


RETAINED = ("kept", "structured")
DOCUMENTS = ("documents", "structured", "removed")
"""Where the documents of a corpus stand, those that went as duplicates among them."""
PARTS = (*DOCUMENTS, "decisions")
"""The tables of a corpus, one shard each for every shard of lines."""


def sample_folder() -> Path:
    """The sample corpus of this checkout, generated on first use: documents, truth and questions."""
    from datasets_registry.sample.generate import fingerprint, generate  # noqa: PLC0415 only the sample needs its generator

    folder = home() / "sample" / fingerprint()
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            generate(Path(scratch) / "sample")
            try:
                (Path(scratch) / "sample").rename(folder)
            except OSError:
                # Another run was faster, with the same bytes; anything else is an error.
                if not folder.exists():
                    raise
    return folder


def sample_questions() -> str:
    """The path of the sample corpus's query set."""
    return str(sample_folder() / "questions.jsonl")


@step(Identity("ingest-files", VERSION), cached=False)
def ingest_files(source: str) -> Made:
    """Store the raw input files under their checksums; the next steps read them from there, on any machine."""
    store = load_store()
    files = find_files(str(sample_folder() / "documents.jsonl.gz") if source == SAMPLE else source)
    entries = []
    for name, path in files.items():
        with path.open("rb") as opened:
            sha256, size = store.put_file(opened)
        entries.append(FileEntry(name=name, sha256=sha256, bytes=size, rows=0))
    return Made(store.publish("raw/files", entries), {"files": len(entries)})


@step(Identity("read-rows", VERSION))
def read_rows(raw: ArtifactRef, reading: ReadingConfig) -> Made:
    """Cut the input into shards of valid rows and quarantined lines, in input order."""
    store = load_store()
    shards: list[FileEntry] = []
    batch: list[ReadLine] = []
    quarantined = 0
    for line in _parsed_lines(store, raw, reading):
        quarantined += line.row is None
        batch.append(line)
        if len(batch) == reading.rows_per_shard:
            shards.append(add_rows(store, "lines", len(shards), batch))
            batch = []
    if batch:
        shards.append(add_rows(store, "lines", len(shards), batch))
    ref = store.publish("corpus/lines", shards)
    return Made(ref, {"lines": ref.rows, "quarantined": quarantined})


@step(CLEAN)
def clean_documents(lines: ArtifactRef, cleaning: CleaningConfig, quality: QualityConfig) -> Made:
    """Clean every text, judge its quality, find its facts; structured records pass untouched."""
    store = load_store()
    config = CleanShard(cleaning=cleaning, quality=quality)
    shards = [[entry] for entry in store.tree(lines).part("lines")]
    with progress_in_ui("clean-documents") as progress:
        files = map_shards(store, CLEAN, clean_lines, shards, config, progress)
    return Made(store.publish("corpus/cleaned", files))


@step(SETTLE)
def assemble_corpus(lines: ArtifactRef, cleaned: ArtifactRef, verdicts: ArtifactRef) -> Made:
    """The corpus: kept and structured documents, every line's decision, and accounts that close."""
    store = load_store()
    tree = store.tree(cleaned)
    ruling = store.tree(verdicts).part("verdicts")
    shards = [[entry, *ruling] for entry in tree.part("entries")]
    files = map_shards(store, SETTLE, settle_lines, shards, Nothing())
    decisions = [entry for entry in files if entry.name.startswith("decisions/")]
    settled = (row for data in store.blobs(decisions) for row in decode_as(data, Decision))
    apart = (row for data in store.blobs(store.tree(verdicts).part("guarded")) for row in decode_rows(data))
    recalled = sum(entry.rows for entry in tree.part("recalled"))
    summary = summarise(lines.rows + recalled, settled, sum(int(str(row["count"])) for row in apart))
    files.append(add_summary(store, summary))
    counts = {"kept": summary.kept, "structured": summary.structured, "quarantined": summary.quarantined}
    return Made(store.publish("corpus", files), counts | summary.filtered | summary.duplicates)


@step(REPORT)
def report_corpus(
    lines: ArtifactRef,
    cleaned: ArtifactRef,
    verdicts: ArtifactRef,
    today: ArtifactRef,
    corpus: ArtifactRef,
    name: str,
) -> Made:
    """The report page of what came in: accounts, sources, rules and what went, with examples of everything.

    `corpus` holds the witnesses: it is `today` itself, or what today's documents were added to.
    """
    store = load_store()
    parts = (
        store.tree(lines).part("lines"),
        store.tree(cleaned).part("entries"),
        store.tree(today).part("decisions"),
    )
    # Recalled documents are a last shard of entries without lines.
    shards = list(zip(*parts, strict=False))
    tallied = store.blobs(map_shards(store, REPORT, tally_lines, shards, Nothing()))
    total = merge(tally for data in tallied for tally in decode_as(data, Tally))
    guarded = _rows(store, store.tree(verdicts).part("guarded"))
    held = held_apart(guarded, list(rows_of(store, verdicts, "families", Family)))
    wanted = total.named() | held.named()
    documents = documents_by_id(store, corpus, ("documents",), wanted)
    engines = (engine_fact(row) for row in _rows(store, store.tree(verdicts).part("engine")))
    facts = (("输入行数", f"{lines.rows:,}"), ("阶段版本", VERSION), *engines)
    data = report_data(total, name, corpus.sha256, facts, held, documents)
    page = render_report(read_summary(store, today), data)
    return Made(store.publish("corpus/report", [store.add_file("report.html", page.encode())]))


@step(Identity("present-corpus", VERSION), cached=False)
def present_corpus(corpus: ArtifactRef) -> Made:
    """Show the accounts of a corpus in the Prefect UI, for cached runs too."""
    summary = read_summary(load_store(), corpus)
    rows = [("结构化", summary.structured), ("保留", summary.kept), ("隔离", summary.quarantined)]
    rows += [(f"过滤：{reason}", count) for reason, count in summary.filtered.items()]
    rows += [(f"重复：{layer}", count) for layer, count in summary.duplicates.items() if count]
    table = [{"去向": what, "行数": count} for what, count in rows]
    create_table_artifact(table, key="corpus-accounts", description=f"输入 {summary.input:,} 行的去向")
    create_markdown_artifact(
        f"# 语料 {corpus.sha256[:12]}\n\n输入 **{summary.input:,}** 行，保留 **{summary.retained:,}** 行"
        f"（结构化 {summary.structured:,}，文本 {summary.kept:,}）。\n",
        key="corpus-summary",
    )
    return Made(corpus)


@step(Identity("publish-corpus", VERSION), cached=False)
def publish_corpus(corpus: ArtifactRef, name: str) -> Made:
    """Put a corpus in force under a name, with its accounts as the evidence.

    Raises:
        EmptyCorpus: no document is left; what was in force stays so.
    """
    store = load_store()
    summary = read_summary(store, corpus)
    if not summary.retained:
        raise EmptyCorpus(
            f"of {summary.input} input lines no document is left (filtered {sum(summary.filtered.values())}, "
            f"quarantined {summary.quarantined}), so nothing is published under {name!r}; look at the input, "
            "and at the report page if it has lines"
        )
    promote(store, "corpus", name, corpus, summary.model_dump())
    return Made(corpus, {"retained": summary.retained})


@step(Identity("export-corpus", VERSION), cached=False)
def export_corpus(corpus: ArtifactRef, report: ArtifactRef, folder: str) -> Made:
    """Write a corpus as plain files: corpus.jsonl, decisions.jsonl, summary.json, report.html."""
    store = load_store()
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    tree = store.tree(corpus)
    with (target / "corpus.jsonl").open("wb") as out:
        for shard in zip(
            tree.part("decisions"), tree.part("documents"), tree.part("structured"), strict=True
        ):
            retained = {row["id"]: row for row in _rows(store, shard[1:])}
            in_order = (
                retained.get(row["id"]) for row in _rows(store, shard[:1]) if row["decision"] in RETAINED
            )
            out.writelines(orjson.dumps(row) + b"\n" for row in in_order)
    with (target / "decisions.jsonl").open("wb") as out:
        out.writelines(orjson.dumps(row) + b"\n" for row in _rows(store, tree.part("decisions")))
    store.download(tree.file("summary.json"), target / "summary.json")
    store.download(store.tree(report).file("report.html"), target / "report.html")
    return Made(corpus)


def read_summary(store: ArtifactStore, corpus: ArtifactRef) -> Summary:
    """The accounts of a corpus."""
    return Summary.model_validate_json(store.read(corpus, "summary.json"))


def add_summary(store: ArtifactStore, summary: Summary) -> FileEntry:
    """Store the accounts of a corpus to be."""
    return store.add_file("summary.json", orjson.dumps(summary.model_dump(), option=orjson.OPT_INDENT_2))


def documents_by_id(
    store: ArtifactStore, corpus: ArtifactRef, parts: Sequence[str], wanted: Collection[str]
) -> dict[str, Document]:
    """The wanted documents that stand in some parts of a corpus; nothing is read where none is wanted."""
    rows = (row for part in parts if wanted for row in rows_of(store, corpus, part, Document))
    return {document.id: document for document in rows if document.id in wanted}


def _rows(store: ArtifactStore, entries: Sequence[FileEntry]) -> Iterator[JsonObject]:
    for data in store.blobs(entries):
        yield from decode_rows(data)


def _parsed_lines(store: ArtifactStore, raw: ArtifactRef, reading: ReadingConfig) -> Iterator[ReadLine]:
    """Every non-empty line as it was read; a line whose id stood before is quarantined."""
    first_seen: dict[str, str] = {}
    for entry in store.tree(raw).files:
        with store.open_file(entry) as opened:
            for line in read_lines(entry.name, opened, reading.max_line_megabytes << 20):
                row = (
                    parse_line(line.raw, entry.name, line.number)
                    if line.raw is not None
                    else str(line.reason)
                )
                if isinstance(row, str):
                    bad = Decision(entry.name, line.number, None, "quarantined", row)
                    yield ReadLine(None, bad)
                    continue
                place = f"{entry.name}:{line.number}"
                first = first_seen.setdefault(row.id, place)
                if first == place:
                    yield ReadLine(row, None)
                else:
                    evidence = f"the id stands first at {first}"
                    bad = Decision(
                        row.file, row.line, row.id, "quarantined", "duplicate_id", evidence=evidence
                    )
                    yield ReadLine(None, bad)
