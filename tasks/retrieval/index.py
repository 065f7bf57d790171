"""An index opened for search: BM25, dense or both, over passages, answered in documents.

A document scores as its best passage. Documents that the filters of a query hide are masked inside it, before anything
is ranked, so they can neither be found nor push out what can.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from datasets_registry.records import Hit
from tasks.retrieval.dense import FILE, Dense
from tasks.retrieval.embedder import Embedders, OpenModel, embedders
from tasks.retrieval.engines import open_sparse
from tasks.retrieval.filters import Filters, Mask, Masks
from tasks.retrieval.fusion import fuse
from tasks.retrieval.manifest import Manifest, UnusableIndex
from tasks.retrieval.passage_file import PassageFile
from tasks.retrieval.ranking import PASSAGES_A_DOCUMENT, Leg, Ranked, best_documents, no_documents
from tasks.retrieval.record_row import RecordRow
from tasks.retrieval.record_table import LIMIT, Lookup, RecordTable
from tasks.retrieval.record_text import RecordText, record_words
from tasks.retrieval.sparse import Sparse
from tasks.retrieval.tokens import Tokenizer, search_text, shared_tokenizer

SPARSE = "bm25"
"""The folder of the words' index, whichever engine wrote it."""

Method = Literal["bm25", "dense", "hybrid"]
METHODS: tuple[Method, ...] = get_args(Method)


class Unanswerable(ValueError):
    """An index cannot search in the way that is asked: nothing embeds its queries, or they take no instruction."""


class Index:
    """An opened index; safe to share between threads, since searching changes nothing."""

    def __init__(
        self,
        manifest: Manifest,
        passages: PassageFile,
        sparse: Sparse,
        dense: Dense,
        tokenizer: Tokenizer,
        embedders: Embedders | None,
        records: RecordTable | None = None,
        record_text: RecordText | None = None,
    ) -> None:
        """Put opened parts together; use `open`."""
        self.manifest = manifest
        self.passages = passages
        self._masks = Masks(passages)
        self._sparse = sparse
        self._dense = dense
        self.tokenizer = tokenizer
        self._embedders = embedders
        self._records = records
        self._record_text = record_text

    @classmethod
    def open(cls, folder: Path, *, intact: bool = False, open_model: OpenModel | None = None) -> Self:
        """Open an index folder.

        Args:
            folder: what `assemble` wrote.
            intact: read every file and compare its checksum first.
            open_model: opens the model that embeds the queries, for an index whose vectors come from one; it is
                called when the first vector is needed. Without it such an index answers by BM25 alone.

        Raises:
            UnusableIndex: it is no index, incomplete, damaged, or was tokenized or embedded differently.
            UnsupportedFormat: it was written by a newer finloom.
        """
        manifest = Manifest.read(folder)
        manifest.require_readable(folder)
        if intact:
            manifest.require_intact(folder)
        try:
            passages, dense = PassageFile.open(folder), Dense.open(folder)
            records = RecordTable.open(folder) if manifest.record_rows else None
            as_text = manifest.records == "passages" and manifest.record_rows
            record_text = RecordText.open(folder) if as_text else None
            sparse = open_sparse(manifest.engine, folder / SPARSE)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise UnusableIndex(
                f"{folder} cannot be opened: {error}; the index is damaged, fetch or build it again"
            ) from error
        try:
            _require_alike(folder, manifest, passages, sparse, dense)
            _require_records(folder, manifest, records, record_text)
            tokenizer = shared_tokenizer(manifest.tokens, manifest.word_lists(folder))
            ways = embedders(manifest.embedding, tokenizer, folder, open_model)
        except BaseException:
            sparse.close()
            raise
        return cls(manifest, passages, sparse, dense, tokenizer, ways, records, record_text)

    def close(self) -> None:
        """End what was started for this index, such as a process; it cannot be searched afterwards."""
        self._sparse.close()

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods that it can search by: words alone where nothing embeds a query."""
        return METHODS if self._embedders else ("bm25",)

    def search(
        self,
        query: str,
        method: Method = "hybrid",
        top_k: int = 5,
        alpha: float | None = None,
        filters: Filters = Filters(),
    ) -> list[Hit]:
        """The best documents for one query; see `search_many`."""
        return self.search_many([query], method, top_k, alpha, filters)[0]

    def search_many(
        self,
        queries: Sequence[str],
        method: Method = "hybrid",
        top_k: int = 5,
        alpha: float | None = None,
        filters: Filters = Filters(),
        task_desc: str | None = None,
    ) -> list[list[Hit]]:
        """The best documents for each query, best first, ties by document id.

        Args:
            queries: a query without a word finds nothing.
            method: BM25 alone, vectors alone, or both fused as the manifest says. Records that are indexed as text are
                found by words, not by vectors.
            top_k: how many documents at most; up to the manifest's pool, asking for more never changes the
                first ones.
            alpha: weight of BM25 in hybrid search instead of the manifest's.
            filters: which documents may be found.
            task_desc: what the queries are for, told to the model of the vectors instead of the manifest's
                instruction; words are searched without it.

        Raises:
            ValueError: an unknown method or a number out of range.
            Unanswerable: nothing embeds the queries of this index, or what does takes no instruction.
        """
        alpha = self.manifest.search.alpha if alpha is None else alpha
        if method not in METHODS or top_k < 1 or not 0 <= alpha <= 1:
            raise ValueError(
                f"cannot search by method {method!r}, top_k {top_k}, alpha {alpha}; wanted one of "
                f"{', '.join(METHODS)}, at least 1 document, and a weight from 0 to 1"
            )
        mask = self._masks.of(filters)
        count = max(top_k, self.manifest.search.pool)
        nothing: list[Leg | None] = [None] * len(queries)
        words = [self._words(query, count, mask) for query in queries] if method != "dense" else nothing
        vectors = self._vectors(queries, task_desc) if method != "bm25" else None
        meaning = nothing if vectors is None else self._meaning(vectors, count, mask)
        hits = [self._hits(*legs, alpha, top_k) for legs in zip(words, meaning, strict=True)]
        if self._record_text is None or method == "dense":
            return hits
        fusion = self.manifest.search.fusion if method == "hybrid" else None
        return [
            self._record_text.among(
                texts, record_words(query, self.tokenizer), top_k, filters, leg or no_documents(), fusion
            )[:top_k]
            for query, texts, leg in zip(queries, hits, words, strict=True)
        ]

    def find_records(
        self, lookup: Lookup, filters: Filters = Filters(), limit: int = LIMIT
    ) -> list[RecordRow]:
        """The structured records that are looked up, the latest first; see `RecordTable.find`."""
        return [] if self._records is None else self._records.find(lookup, filters, limit)

    def own_vectors(self, rows: Sequence[int]) -> list[float]:
        """The cosine of each row's vector with that of its passage as it is embedded now: 1, but for rounding."""
        texts = [search_text(self.passages.passage(row)) for row in rows]
        vectors = self._embedding_ways().passages(texts)
        kept = self._dense.vectors(rows)
        kept /= np.maximum(np.linalg.norm(kept, axis=1, keepdims=True), 1e-12)
        return [float(cosine) for cosine in (vectors * kept).sum(axis=1)]

    def _words(self, query: str, count: int, mask: Mask | None) -> Leg:
        """The BM25 leg of one query."""
        tokens = self.tokenizer.tokens(query)
        return best_documents(lambda k: self._sparse.search(tokens, k, mask), self.passages.documents, count)

    def _embedding_ways(self) -> Embedders:
        if self._embedders is None:
            raise Unanswerable(
                "the vectors of this index were given from outside, without anything that embeds a query; search with "
                "method bm25, or build the index again with embedding.url or embedder_name, whatever made them"
            )
        return self._embedders

    def _vectors(self, queries: Sequence[str], task_desc: str | None) -> NDArray[np.float32]:
        """The vectors of queries, each told what it is for where the request says so."""
        ways = self._embedding_ways()
        if task_desc is None:
            return ways.queries(queries)
        if ways.queries_for is None:
            raise Unanswerable(
                f"task_desc was given, and the vectors of this index ({self.manifest.embedding.kind}) know no "
                "instruction; leave it out, search with method bm25, or serve an index of a Qwen3-Embedding model"
            )
        return ways.queries_for(queries, task_desc)

    def _meaning(self, vectors: NDArray[np.float32], count: int, mask: Mask | None) -> list[Leg]:
        """The dense legs of all queries: one search for all, another where too few documents came of it."""
        ready = self._dense.search(vectors, PASSAGES_A_DOCUMENT * count, mask)

        def leg(vector: NDArray[np.float32], found: Ranked) -> Leg:
            if not vector.any():
                return no_documents()
            return best_documents(
                lambda k: (
                    found
                    if k == PASSAGES_A_DOCUMENT * count
                    else self._dense.search(vector[np.newaxis], k, mask)[0]
                ),
                self.passages.documents,
                count,
            )

        return [leg(vector, found) for vector, found in zip(vectors, ready, strict=True)]

    def _hits(self, words: Leg | None, meaning: Leg | None, alpha: float, top_k: int) -> list[Hit]:
        if words is not None and meaning is not None:
            leg = fuse(words, meaning, self.manifest.search.fusion, alpha)
        else:
            leg = words or meaning or no_documents()
        best = zip(leg.rows[:top_k].tolist(), leg.scores[:top_k].tolist(), strict=True)
        return [self._hit(row, score) for row, score in best]

    def _hit(self, row: int, score: float) -> Hit:
        passage = self.passages.passage(row)
        return Hit(passage.parents[0], score, passage)


def _require_alike(
    folder: Path, manifest: Manifest, passages: PassageFile, sparse: Sparse, dense: Dense
) -> None:
    """Raise `UnusableIndex` unless all parts have the rows, and the vectors the length, that the manifest says."""
    if dense.dimensions != manifest.embedding.dimensions:
        raise UnusableIndex(
            f"{folder / FILE} has {dense.dimensions} dimensions, the embedder of the manifest gives "
            f"{manifest.embedding.dimensions}; build the index again"
        )
    if not len(passages) == sparse.size == dense.size == manifest.passages:
        raise UnusableIndex(
            f"{folder} holds {len(passages)} passages, {sparse.size} BM25 rows and {dense.size} vectors, "
            f"the manifest says {manifest.passages}; build the index again"
        )
    documents = len(np.unique(passages.documents))
    if documents != manifest.documents:
        raise UnusableIndex(
            f"the passages in {folder} are of {documents} documents, the manifest says {manifest.documents}; "
            "build the index again"
        )


def _require_records(
    folder: Path, manifest: Manifest, table: RecordTable | None, text: RecordText | None
) -> None:
    """Raise `UnusableIndex` unless there are as many records as the manifest says, in the table and as text."""
    found = {len(part) for part in (table, text) if part is not None}
    if found and found != {manifest.record_rows}:
        raise UnusableIndex(
            f"{folder} holds {' and '.join(map(str, sorted(found)))} records, the manifest says "
            f"{manifest.record_rows}; build the index again"
        )
