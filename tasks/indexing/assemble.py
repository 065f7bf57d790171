"""Put the pieces of an index together: passages, tokens and vectors, shard by shard, into one folder."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from datasets_registry.artifact import FileEntry
from datasets_registry.words import finance_words
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import decode_passages
from tasks.retrieval.bm25 import Bm25Builder
from tasks.retrieval.dense import FILE, write_dense
from tasks.retrieval.index import BM25
from tasks.retrieval.manifest import MANIFEST, Manifest, file_sha256
from tasks.retrieval.passage_file import write_passages
from tasks.retrieval.tokens import dictionary_sha256, shared_tokenizer
from tasks.runtime.parts import decode_rows


class MismatchedParts(ValueError):
    """Passages, tokens and vectors do not belong together."""


def assemble(
    folder: Path,
    passages: Iterable[bytes],
    tokens: Iterable[bytes],
    vectors: Iterable[bytes],
    config: IndexConfig,
    corpus_sha256: str,
) -> Manifest:
    """Write an index into an empty folder; equal rows give equal bytes, however they are sharded.

    Args:
        folder: made if it is not there.
        passages: shards of `passages_shard`.
        tokens: shards of `tokens_shard`, of the same passages in the same order.
        vectors: shards of `vectors_shard`, likewise.
        config: what the parts were made with.
        corpus_sha256: the corpus artifact that the passages were cut from.

    Raises:
        MismatchedParts: there are no passages, or the parts differ in number.
    """
    _require_empty(folder)
    counts = write_passages(folder, decode_passages(passages))
    if not counts.passages:
        raise MismatchedParts("the corpus gave no passages; an index needs at least one document with text")
    tokenized = _write_bm25(folder / BM25, tokens, config)
    kind, embedded = write_dense(folder / FILE, vectors, config.embedding.dimensions, config.search)
    if not counts.passages == tokenized == embedded:
        raise MismatchedParts(
            f"{counts.passages} passages, {tokenized} token rows and {embedded} vectors; "
            "make all three from the same corpus"
        )
    manifest = Manifest(
        engine="bm25s",
        faiss=kind,
        tokens=config.tokens,
        tokenizer_sha256=shared_tokenizer(config.tokens).fingerprint(),
        dictionary_sha256=dictionary_sha256(config.tokens),
        embedding=config.embedding,
        search=config.search,
        corpus_sha256=corpus_sha256,
        passages=counts.passages,
        documents=counts.documents,
        undated=counts.undated,
        files=tuple(_entries(folder)),
    )
    (folder / MANIFEST).write_bytes(manifest.to_bytes())
    return manifest


def _require_empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; an index is written once, give a new folder")


def _write_bm25(folder: Path, shards: Iterable[bytes], config: IndexConfig) -> int:
    """Write the BM25 index of the token shards; returns their rows."""
    boosted = shared_tokenizer(config.tokens).single_words(finance_words())
    builder = Bm25Builder(config.search, boosted)
    rows = sum(builder.add(_token_lists(shard)) for shard in shards)
    builder.write(folder)
    return rows


def _token_lists(shard: bytes) -> Iterator[list[str]]:
    for row in decode_rows(shard):
        yield str(row["tokens"]).split()


def _entries(folder: Path) -> Iterator[FileEntry]:
    """The files of the index by name; they are not tables, so they have no rows."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        yield FileEntry(name=name, sha256=file_sha256(path), bytes=path.stat().st_size, rows=0)
