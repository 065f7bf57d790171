"""Put the pieces of an index together: passages, tokens and vectors, shard by shard, into one folder."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from datasets_registry.artifact import FileEntry
from datasets_registry.records import Document
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import decode_passages
from tasks.retrieval.columns import queries_are_sparse
from tasks.retrieval.dense_build import BuiltDense, write_dense
from tasks.retrieval.engines import write_sparse
from tasks.retrieval.index import SPARSE
from tasks.retrieval.manifest import LAYOUT, MANIFEST, Manifest, file_sha256
from tasks.retrieval.passage_file import PassageCounts, write_passages
from tasks.retrieval.record_row import RecordRow, record_row
from tasks.retrieval.record_table import write_table
from tasks.retrieval.record_text import record_passage, write_record_text
from tasks.retrieval.sparse import SparseEngine
from tasks.retrieval.tokens import dictionary_sha256, shared_tokenizer
from tasks.retrieval.word_lists import WordLists, word_lists
from tasks.runtime.parts import decode_as, decode_rows


class MismatchedParts(ValueError):
    """Passages, tokens and vectors do not belong together."""


@dataclass(frozen=True, slots=True)
class Structured:
    """The structured records of a corpus: shards of `documents`, and of `record_tokens_shard` of the same documents."""

    documents: Sequence[bytes] = ()
    tokens: Sequence[bytes] = ()


def assemble(
    folder: Path,
    passages: Iterable[bytes],
    tokens: Iterable[bytes],
    vectors: Iterable[bytes],
    config: IndexConfig,
    corpus_sha256: str,
    extra: Mapping[str, bytes] = MappingProxyType({}),
    records: Structured = Structured(),
) -> Manifest:
    """Write an index into an empty folder; equal rows give equal bytes, however they are sharded.

    Args:
        folder: made if it is not there.
        passages: shards of `passages_shard`.
        tokens: shards of `tokens_shard`, of the same passages in the same order.
        vectors: shards of `vectors_shard`, likewise.
        config: what the parts were made with; `engines.settled` says what `auto` is beforehand.
        corpus_sha256: the corpus artifact that the passages were cut from.
        extra: further files of the index by name: the vectors of words, and the lists of words that `config` names.
        records: the structured records of the corpus; `config.records` says what becomes of them.

    Raises:
        MismatchedParts: there are no passages, or the parts differ in number.
        PoorRecall: the dense index does not find what is nearest.
    """
    _require_empty(folder)
    counts = write_passages(folder, decode_passages(passages))
    if not counts.passages:
        raise MismatchedParts("the corpus gave no passages; an index needs at least one document with text")
    lists = word_lists(config.tokens, extra.__getitem__)
    boosted = shared_tokenizer(config.tokens, lists).boosted()
    words = (words for shard in tokens for words in _token_lists(shard))
    engine, tokenized = write_sparse(folder / SPARSE, words, config.search, boosted)
    few = queries_are_sparse(config.embedding)
    dense = write_dense(folder, vectors, config.embedding.dimensions, config.search, sparse_queries=few)
    if not counts.passages == tokenized == dense.vectors:
        raise MismatchedParts(
            f"{counts.passages} passages, {tokenized} token rows and {dense.vectors} vectors; "
            "make all three from the same corpus"
        )
    rows = _write_records(folder, records, config, boosted)
    for name, data in extra.items():
        (folder / name).write_bytes(data)
    manifest = _manifest(folder, engine, counts, dense, rows, config, lists, corpus_sha256)
    (folder / MANIFEST).write_bytes(manifest.to_bytes())
    return manifest


def _write_records(folder: Path, records: Structured, config: IndexConfig, boosted: Collection[str]) -> int:
    """Write the table of records, and their words where they are searched as text; returns how many there are."""
    rows = write_table(folder, _record_rows(records))
    if config.records == "passages" and rows:
        words = (words for shard in records.tokens for words in _token_lists(shard))
        passages = map(record_passage, _record_rows(records))
        counts = write_record_text(folder, passages, words, config.search, boosted)
        if counts != (rows, rows):
            raise MismatchedParts(
                f"{rows} records and {counts[1]} token rows of them; make both from the same corpus"
            )
    return rows


def _record_rows(records: Structured) -> Iterator[RecordRow]:
    return (record_row(document) for data in records.documents for document in decode_as(data, Document))


def _manifest(
    folder: Path,
    engine: SparseEngine,
    counts: PassageCounts,
    dense: BuiltDense,
    record_rows: int,
    config: IndexConfig,
    lists: WordLists,
    corpus_sha256: str,
) -> Manifest:
    """The description of what was written into the folder."""
    return Manifest(
        layout=LAYOUT,
        engine=engine,
        faiss=dense.kind,
        dense_recall=dense.recall,
        tokens=config.tokens,
        tokenizer_sha256=shared_tokenizer(config.tokens, lists).fingerprint(),
        dictionary_sha256=dictionary_sha256(config.tokens, lists),
        embedding=config.embedding,
        search=config.search,
        tuning=config.tuning,
        corpus_sha256=corpus_sha256,
        passages=counts.passages,
        documents=counts.documents,
        undated=counts.undated,
        records=config.records,
        record_rows=record_rows,
        files=tuple(_entries(folder)),
    )


def _require_empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; an index is written once, give a new folder")


def _token_lists(shard: bytes) -> Iterator[list[str]]:
    for row in decode_rows(shard):
        yield str(row["tokens"]).split()


def _entries(folder: Path) -> Iterator[FileEntry]:
    """The files of the index by name; they are not tables, so they have no rows."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        yield FileEntry(name=name, sha256=file_sha256(path), bytes=path.stat().st_size, rows=0)
