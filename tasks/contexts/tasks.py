"""The tasks of the contexts stage: related documents for every document of a corpus."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
from pydantic import JsonValue

from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore, local_copy
from datasets_registry.artifact import ArtifactRef, FileEntry
from datasets_registry.records import Document
from tasks.contexts.config import ContextConfig
from tasks.retrieval.index import Index
from tasks.runtime.encoder import Encoders
from tasks.runtime.keys import Identity
from tasks.runtime.parts import decode_as, decode_rows, encode_rows
from tasks.runtime.progress import progress_in_ui
from tasks.runtime.rows import rows_of
from tasks.runtime.shards import finished_files, record_files
from tasks.runtime.steps import Made, step

VERSION = "2026.11.22"

RELATE = Identity("relate-documents", VERSION, ("numpy",))
PART = "contexts"
AT_ONCE = 256
"""Documents whose proposals are compared with each other at once."""


@step(RELATE)
def relate_documents(corpus: ArtifactRef, index: ArtifactRef, config: ContextConfig) -> Made:
    """The related documents of every text of a corpus, found in an index; a killed run keeps its finished shards."""
    store = load_store()
    shards = store.tree(corpus).part("documents")
    keys = [
        RELATE.key({"corpus": corpus.sha256, "index": index.sha256, "shard": n, "config": config})
        for n in range(len(shards))
    ]
    done: dict[int, dict[str, FileEntry]] = {}
    for number, key in enumerate([] if RELATE.is_refreshed() else keys):
        if finished := finished_files(store, key, number):
            done[number] = finished
    if len(done) < len(shards):
        with tempfile.TemporaryDirectory() as scratch, progress_in_ui("relate-documents") as progress:
            made = _relate(store, corpus, index, config, Path(scratch), set(range(len(shards))) - set(done))
            for number, entry in made:
                done[number] = {PART: entry}
                record_files(store, keys[number], done[number])
                progress(len(done), len(shards))
    related = [done[number][PART] for number in range(len(shards))]
    return Made(store.publish("contexts", related), {"documents": sum(file.rows for file in related)})


@step(Identity("export-contexts", VERSION), cached=False)
def export_contexts(contexts: ArtifactRef, folder: str) -> Made:
    """Write the rows as one plain file, `relevant_contents.jsonl`."""
    store, target = load_store(), Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with (target / "relevant_contents.jsonl").open("wb") as out:
        for data in store.blobs(store.tree(contexts).part(PART)):
            out.writelines(orjson.dumps(row) + b"\n" for row in decode_rows(data))
    return Made(contexts)


def _relate(
    store: ArtifactStore,
    corpus: ArtifactRef,
    index: ArtifactRef,
    config: ContextConfig,
    scratch: Path,
    todo: set[int],
) -> Iterator[tuple[int, FileEntry]]:
    """The rows of some shards of a corpus, shard by shard."""
    from tasks.contexts.documents import Documents  # noqa: PLC0415 Arrow is slow to load
    from tasks.contexts.related import relate  # noqa: PLC0415 it loads compiled kernels

    texts = Documents(scratch / "documents.arrow", rows_of(store, corpus, "documents", Document))
    with Encoders(store) as encoders:
        opened = Index.open(local_copy(store, index), open_model=encoders.open)
        shards = store.tree(corpus).part("documents")
        for number in sorted(todo):
            documents = list(decode_as(store.get_blob(shards[number].sha256), Document))
            rows: list[dict[str, JsonValue]] = []
            for start in range(0, len(documents), AT_ONCE):
                rows += relate(documents[start : start + AT_ONCE], opened, texts, config)
            made = encode_rows(rows)
            yield number, store.add_file(f"{PART}/{number:05d}.{made.suffix}", made.data, made.rows)
