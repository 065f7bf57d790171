"""BM25 by bm25s: built shard by shard in bounded memory, saved in bm25s' own files, opened memory-mapped.

The matrix is computed here, exactly as `bm25s.BM25.index` would: its own builder needs the whole corpus as
Python lists and knows neither cap nor boost. So is the top k: bm25s breaks ties by chance and adds zeros.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.config import SearchConfig
from tasks.retrieval.ranking import Ranked, best_rows

if TYPE_CHECKING:
    import bm25s

COMPILE_ABOVE = 2_000_000
"""From this many postings on, compiling bm25s' scorer (a second) pays for itself."""
TERM_BITS = 32


class Bm25Builder:
    """Counts tokens shard by shard, then writes the index; how passages are sharded leaves no trace."""

    def __init__(self, config: SearchConfig, boosted: Collection[str] = ()) -> None:
        """`boosted` are the words whose scores are multiplied by `config.term_boost`."""
        self._config = config
        self._boosted = boosted
        self._vocabulary: dict[str, int] = {}
        self._lengths: list[NDArray[np.int64]] = []
        self._terms: list[NDArray[np.int32]] = []
        self._counts: list[NDArray[np.int32]] = []
        self._distinct: list[NDArray[np.int64]] = []

    def add(self, passages: Iterable[Sequence[str]]) -> int:
        """Count the tokens of the next passages; returns how many there were."""
        tokens = [list(passage) for passage in passages]
        lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
        number = self._vocabulary
        ids = np.fromiter(
            (number.setdefault(token, len(number)) for token in chain.from_iterable(tokens)), np.int64
        )
        pairs, counts = np.unique(
            np.repeat(np.arange(len(tokens)), lengths) << TERM_BITS | ids, return_counts=True
        )
        self._lengths.append(lengths)
        self._terms.append((pairs & (1 << TERM_BITS) - 1).astype(np.int32))
        self._counts.append(counts.astype(np.int32))
        self._distinct.append(np.bincount(pairs >> TERM_BITS, minlength=len(tokens)))
        return len(tokens)

    def write(self, folder: Path) -> None:
        """Score every posting and write bm25s' files into `folder`."""
        import bm25s  # noqa: PLC0415 slow to load: it brings numba

        config = self._config
        index = bm25s.BM25(k1=config.k1, b=config.b, method="lucene")
        index.nonoccurrence_array = None
        index.vocab_dict = self._vocabulary
        index.scores = self._matrix()
        index.save(folder, show_progress=False)

    def _matrix(self) -> dict[str, object]:
        """The scores in columns, one a term, rows ascending: what bm25s calls `scores`."""
        config, vocabulary = self._config, self._vocabulary
        lengths = np.concatenate(self._lengths)
        terms = np.concatenate(self._terms)
        counts = np.concatenate(self._counts)
        rows = np.repeat(np.arange(len(lengths), dtype=np.int32), np.concatenate(self._distinct))
        frequency = np.bincount(terms, minlength=len(vocabulary))
        weight = np.log1p((len(lengths) - frequency + 0.5) / (frequency + 0.5))
        if config.term_boost != 1:
            weight[[vocabulary[word] for word in self._boosted if word in vocabulary]] *= config.term_boost
        damping = config.k1 * (1 - config.b + config.b * lengths / max(lengths.mean(), 1))
        capped = np.minimum(counts, config.tf_cap) if config.tf_cap else counts
        data = (weight[terms] * (capped / (capped + damping[rows]))).astype(np.float32)
        order = np.argsort(terms, kind="stable")
        starts = np.concatenate([[0], np.cumsum(frequency)])
        return {"data": data[order], "indices": rows[order], "indptr": starts, "num_docs": len(lengths)}


class Bm25:
    """An opened BM25 index."""

    def __init__(self, index: "bm25s.BM25") -> None:
        """Wrap a loaded index; use `open`."""
        self._index = index
        self.size = int(index.scores["num_docs"])

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open what `Bm25Builder.write` wrote; the matrices stay on disk until they are touched."""
        import bm25s  # noqa: PLC0415 slow to load: it brings numba

        index = bm25s.BM25.load(folder, mmap=True, show_progress=False)
        if len(index.scores["data"]) > COMPILE_ABOVE:
            index.activate_numba_scorer()
        return cls(index)

    def search(self, tokens: Sequence[str], k: int, mask: NDArray[np.bool_] | None = None) -> Ranked:
        """The best `k` rows with a score above zero, among those that `mask` allows.

        A repeated query token counts as often as it stands there. Unknown tokens count for nothing.
        """
        known = self._index.get_tokens_ids(tokens)
        if not known:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        scores = self._index.get_scores_from_ids(known)
        return best_rows(scores, np.flatnonzero(scores > 0 if mask is None else (scores > 0) & mask), k)
