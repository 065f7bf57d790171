"""An index opened for search: BM25, dense or both, over passages, answered in documents.

A document scores as its best passage. Documents that were not published by the as-of date, or have no date,
are masked inside the query, before anything is ranked, so they can neither be found nor push out what can.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from datasets_registry.records import Hit
from tasks.retrieval.bm25 import Bm25
from tasks.retrieval.dense import FILE, Dense
from tasks.retrieval.embedder import Embedders, OpenModel, embedders
from tasks.retrieval.fusion import minmax, ranked, reciprocal_ranks, weighted
from tasks.retrieval.manifest import Manifest, UnusableIndex
from tasks.retrieval.passage_file import UNDATED, PassageFile
from tasks.retrieval.ranking import PASSAGES_A_DOCUMENT, Leg, Ranked, best_documents
from tasks.retrieval.tokens import search_text, shared_tokenizer

BM25 = "bm25"

Method = Literal["bm25", "dense", "hybrid"]
METHODS: tuple[Method, ...] = get_args(Method)
Mask = NDArray[np.bool_]


class Index:
    """An opened index; safe to share between threads, since searching changes nothing."""

    def __init__(
        self, manifest: Manifest, passages: PassageFile, bm25: Bm25, dense: Dense, embedders: Embedders
    ) -> None:
        """Put opened parts together; use `open`."""
        self.manifest = manifest
        self.passages = passages
        self._bm25 = bm25
        self._dense = dense
        self._tokenizer = shared_tokenizer(manifest.tokens)
        self._embedders = embedders

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
        passages, bm25, dense = PassageFile.open(folder), Bm25.open(folder / BM25), Dense.open(folder / FILE)
        if dense.dimensions != manifest.embedding.dimensions:
            raise UnusableIndex(
                f"{folder / FILE} has {dense.dimensions} dimensions, the embedder of the manifest gives "
                f"{manifest.embedding.dimensions}; build the index again"
            )
        if not len(passages) == bm25.size == dense.size == manifest.passages:
            raise UnusableIndex(
                f"{folder} holds {len(passages)} passages, {bm25.size} BM25 rows and {dense.size} vectors, "
                f"the manifest says {manifest.passages}; build the index again"
            )
        return cls(manifest, passages, bm25, dense, embedders(manifest.embedding, open_model))

    def search(
        self,
        query: str,
        method: Method = "hybrid",
        top_k: int = 5,
        alpha: float | None = None,
        as_of: date | str | None = None,
    ) -> list[Hit]:
        """The best documents for one query; see `search_many`."""
        return self.search_many([query], method, top_k, alpha, as_of)[0]

    def search_many(
        self,
        queries: Sequence[str],
        method: Method = "hybrid",
        top_k: int = 5,
        alpha: float | None = None,
        as_of: date | str | None = None,
    ) -> list[list[Hit]]:
        """The best documents for each query, best first, ties by document id.

        Args:
            queries: a query without a word finds nothing.
            method: BM25 alone, vectors alone, or both fused as the manifest says.
            top_k: how many documents at most; up to the manifest's pool, asking for more never changes the
                first ones.
            alpha: weight of BM25 in hybrid search instead of the manifest's.
            as_of: only documents published on or before this date; undated ones never.

        Raises:
            ValueError: an unknown method, a number out of range, or a date that is none.
        """
        alpha = self.manifest.search.alpha if alpha is None else alpha
        if method not in METHODS or top_k < 1 or not 0 <= alpha <= 1:
            raise ValueError(
                f"cannot search by method {method!r}, top_k {top_k}, alpha {alpha}; wanted one of "
                f"{', '.join(METHODS)}, at least 1 document, and a weight from 0 to 1"
            )
        mask = self._mask(as_of)
        count = max(top_k, self.manifest.search.pool)
        nothing: list[Leg | None] = [None] * len(queries)
        words = [self._words(query, count, mask) for query in queries] if method != "dense" else nothing
        meaning = self._meaning(queries, count, mask) if method != "bm25" else nothing
        return [self._hits(*legs, alpha, top_k) for legs in zip(words, meaning, strict=True)]

    def own_vectors(self, rows: Sequence[int]) -> list[float]:
        """The cosine of each row's vector with that of its passage as it is embedded now: 1, but for rounding."""
        vectors = self._embedders.passages([search_text(self.passages.passage(row)) for row in rows])
        kept = self._dense.vectors(rows)
        kept /= np.maximum(np.linalg.norm(kept, axis=1, keepdims=True), 1e-12)
        return [float(cosine) for cosine in (vectors * kept).sum(axis=1)]

    def _words(self, query: str, count: int, mask: Mask | None) -> Leg:
        """The BM25 leg of one query."""
        tokens = self._tokenizer.tokens(query)
        return best_documents(lambda k: self._bm25.search(tokens, k, mask), self.passages.documents, count)

    def _meaning(self, queries: Sequence[str], count: int, mask: Mask | None) -> list[Leg]:
        """The dense legs of all queries: one search for all, another where too few documents came of it."""
        vectors = self._embedders.queries(queries)
        ready = self._dense.search(vectors, PASSAGES_A_DOCUMENT * count, mask)

        def leg(vector: NDArray[np.float32], found: Ranked) -> Leg:
            if not vector.any():
                return Leg({}, {})
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
            normalised = minmax if self.manifest.search.fusion == "minmax" else reciprocal_ranks
            by_words, by_meaning = normalised(words.scores), normalised(meaning.scores)
            scores = weighted(by_words, by_meaning, alpha)
            rows = meaning.rows | {
                number: row
                for number, row in words.rows.items()
                if alpha * by_words[number] >= (1 - alpha) * by_meaning.get(number, 0)
            }
        else:
            leg = words or meaning or Leg({}, {})
            scores, rows = leg.scores, leg.rows
        return [self._hit(rows[number], score) for number, score in ranked(scores)[:top_k]]

    def _hit(self, row: int, score: float) -> Hit:
        passage = self.passages.passage(row)
        return Hit(passage.parents[0], score, passage)

    def _mask(self, as_of: date | str | None) -> Mask | None:
        """The rows that a search as of that date may see; None for all."""
        if as_of is None:
            return None
        day = as_of if isinstance(as_of, date) else _date(as_of)
        return np.asarray((self.passages.days != UNDATED) & (self.passages.days <= day.toordinal()))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"as_of is {text!r}, wanted a date as YYYY-MM-DD") from error
