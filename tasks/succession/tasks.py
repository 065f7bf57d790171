"""The tasks of the succession stage: a corpus that goes on from an earlier one, and what arrived since."""

import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from blocks.history import current
from blocks.prefect_blocks import load_store
from blocks.s3 import transient_errors_named
from blocks.store import ArtifactStore, MissingObject
from datasets_registry.artifact import ArtifactRef, FileEntry
from datasets_registry.records import Decision
from tasks.corpus.ledger import summarise
from tasks.corpus.reading import SAMPLE, WrongInput, find_files
from tasks.corpus.shards import Entry, candidate
from tasks.corpus.tasks import (
    DOCUMENTS,
    PARTS,
    add_summary,
    documents_by_id,
    read_summary,
    sample_folder,
)
from tasks.runtime.keys import Identity
from tasks.runtime.parts import decode_as, decode_rows, encode_rows
from tasks.runtime.rows import add_rows, numbered, rows_of
from tasks.runtime.steps import Made, step
from tasks.succession.arrivals import SCHEME, Taken, bucket_and_prefix, is_read, new_files, version_of
from tasks.succession.documents import decisions_that_stand, recalled_entries, succession, without_unchanged

VERSION = "2026.11.23"


@step(Identity("recall-documents", VERSION))
def recall_documents(earlier: ArtifactRef, cleaned: ArtifactRef) -> Made:
    """Today's cleaned texts, with what of an earlier corpus they put in question.

    Documents that come again as they were are no candidates; those that went because of one that is now updated are
    decided anew, in a last shard; `retracted` lists the ids that count no more in the earlier corpus.
    """
    store = load_store()
    today = {
        entry.decision.id: entry.document
        for entry in rows_of(store, cleaned, "entries", Entry)
        if entry.decision.id and entry.decision.decision != "quarantined"
    }
    decisions = list(rows_of(store, earlier, "decisions", Decision))
    again = today.keys() & {row.id for row in decisions}
    change = succession(decisions, documents_by_id(store, earlier, DOCUMENTS, again), today)
    documents = documents_by_id(store, earlier, DOCUMENTS, change.recalled)
    recalled = recalled_entries(decisions, documents, change.recalled)
    files = list(store.tree(cleaned).files)
    if change.unchanged:
        files = [_without(store, file, change.unchanged) for file in files]
    if recalled:
        number = len(store.tree(cleaned).part("entries"))
        files.append(add_rows(store, "entries", number, recalled))
        candidates = (candidate(entry.document) for entry in recalled if entry.document)
        files.append(add_rows(store, "candidates", number, candidates))
    retracted = ({"id": each} for each in sorted(change.updated | change.recalled))
    files.append(add_rows(store, "retracted", 0, retracted))
    files.append(add_rows(store, "recalled", 0, ({"id": each} for each in sorted(change.recalled))))
    counts = {name: len(getattr(change, name)) for name in ("unchanged", "updated", "recalled")}
    return Made(store.publish("corpus/cleaned", files), counts)


@step(Identity("continue-corpus", VERSION))
def continue_corpus(earlier: ArtifactRef, today: ArtifactRef, cleaned: ArtifactRef) -> Made:
    """An earlier corpus and today's as one: shards in which nothing changed are taken over as they are."""
    store = load_store()
    before, after = store.tree(earlier), store.tree(today)
    recalled = _ids(store, cleaned, "recalled")
    updated = _ids(store, cleaned, "retracted") - recalled
    files = [
        _standing(store, file, updated, recalled) if updated or recalled else file
        for part in PARTS
        for file in before.part(part)
    ]
    for part in PARTS:
        first = len(before.part(part))
        files += (numbered(file, number) for number, file in enumerate(after.part(part), start=first))
    decisions = [file for file in files if file.name.startswith("decisions/")]
    settled = (row for data in store.blobs(decisions) for row in decode_as(data, Decision))
    accounts = read_summary(store, earlier), read_summary(store, today)
    lines = sum(account.input for account in accounts) - len(recalled)
    summary = summarise(lines, settled, accounts[1].guarded)
    files.append(add_summary(store, summary))
    return Made(store.publish("corpus", files), {"kept": summary.kept, "structured": summary.structured})


@contextmanager
def arrivals(source: str, name: str) -> Iterator[Path | None]:
    """What arrived at `source` since the last time, as a folder of this machine that is gone afterwards.

    None where nothing did. The files count as taken in when the block ends well, so a night that fails loses nothing.

    Raises:
        WrongInput: there is nothing at all at `source`.
    """
    store, key = load_store(), f"arrivals/{name}.json"
    try:
        taken = Taken.from_bytes(store.get(key)[0])
    except MissingObject:
        taken = Taken()
    with tempfile.TemporaryDirectory() as scratch:
        found = _remote(store, source) if source.startswith(SCHEME) else _local(source)
        fresh = new_files(found, taken)
        for each in fresh:
            _fetch(store, source, each, Path(scratch))
        yield Path(scratch) if fresh else None
    if fresh:
        store.put(key, Taken(files=taken.files | {each: found[each] for each in fresh}).to_bytes())


def corpus_in_force(name: str) -> str | None:
    """The sha256 of the corpus in force under a name; None where there is none."""
    pointer = current(load_store(), "corpus", name)
    return pointer.target.sha256 if pointer else None


def _ids(store: ArtifactStore, ref: ArtifactRef, part: str) -> set[str]:
    return {str(row["id"]) for data in store.blobs(store.tree(ref).part(part)) for row in decode_rows(data)}


def _without(store: ArtifactStore, file: FileEntry, unchanged: Collection[str]) -> FileEntry:
    """A file of cleaned texts, in which those that bring nothing new only say so."""
    data = store.get_blob(file.sha256)
    if file.name.startswith("entries/"):
        return _rewritten(store, file, without_unchanged(decode_as(data, Entry), unchanged))
    return _rewritten(store, file, (row for row in decode_rows(data) if row["id"] not in unchanged))


def _standing(
    store: ArtifactStore, file: FileEntry, updated: Collection[str], recalled: Collection[str]
) -> FileEntry:
    """A file of an earlier corpus without what counts no more."""
    data = store.get_blob(file.sha256)
    if file.name.startswith("decisions/"):
        return _rewritten(store, file, decisions_that_stand(decode_as(data, Decision), updated, recalled))
    gone = {*updated, *recalled}
    return _rewritten(store, file, (row for row in decode_rows(data) if row["id"] not in gone))


def _rewritten(store: ArtifactStore, file: FileEntry, rows: Iterable[object]) -> FileEntry:
    """Rows stored in place of those that a file holds."""
    made = encode_rows(rows)
    return store.add_file(file.name, made.data, made.rows)


def _local(source: str) -> dict[str, str]:
    """Local files and their versions, by absolute path: the same file is known by it whatever lies beside it."""
    files = find_files(str(sample_folder() / "documents.jsonl.gz") if source == SAMPLE else source)
    return {str(path): version_of(path) for path in files.values()}


def _remote(store: ArtifactStore, source: str) -> dict[str, str]:
    """The objects below a prefix and their entity tags, by key."""
    bucket, prefix = bucket_and_prefix(source)
    with transient_errors_named(f"listing {source}"):
        pages = store.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = {
            item["Key"]: item["ETag"]
            for page in pages
            for item in page.get("Contents", [])
            if is_read(item["Key"])
        }
    if not found:
        raise WrongInput(
            f"input: no JSON-lines file is at {source!r}; name the prefix that new files arrive at"
        )
    return found


def _fetch(store: ArtifactStore, source: str, name: str, folder: Path) -> None:
    """Put a file into a folder, below the part of its name that tells it from its neighbours."""
    if not source.startswith(SCHEME):
        target = folder / Path(name).relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(name)
        return
    bucket, prefix = bucket_and_prefix(source)
    target = folder / name.removeprefix(prefix)
    target.parent.mkdir(parents=True, exist_ok=True)
    with transient_errors_named(f"reading {SCHEME}{bucket}/{name}"):
        store.client.download_file(bucket, name, str(target))
