"""BM25 by bm25s: built shard by shard in bounded memory, saved in bm25s' own files, opened memory-mapped.

The matrix is computed here, exactly as `bm25s.BM25.index` would: its own builder needs the whole corpus as
Python lists and knows neither cap nor boost. So are the scores of a query and their top k: bm25s knows no mask, breaks
ties by chance and adds zeros.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.config import SearchConfig
from tasks.retrieval.ranking import Ranked, best_rows

if TYPE_CHECKING:
    import bm25s

TERM_BITS = 32


PASSAGES_AT_ONCE = 10_000


def write_bm25(
    folder: Path, passages: Iterable[Sequence[str]], config: SearchConfig, boosted: Collection[str] = ()
) -> int:
    """Write an index of the tokens of passages, a stream of which nothing is kept; returns how many there were."""
    builder, waiting, total = Bm25Builder(config, boosted), iter(passages), 0
    while counted := builder.add(islice(waiting, PASSAGES_AT_ONCE)):
        total += counted
    builder.write(folder)
    return total


class Bm25Builder:
    """Counts tokens shard by shard, then writes the index; how passages are sharded leaves no trace."""

    def __init__(self, config: SearchConfig, boosted: Collection[str] = ()) -> None:
        """`boosted` are the words whose scores are multiplied by `config.term_boost`."""
        self._config = config
        self._boosted = boosted
        self._vocabulary: defaultdict[str, int] = defaultdict()
        self._vocabulary.default_factory = self._vocabulary.__len__  # a new word gets the next number
        self._lengths: list[NDArray[np.int64]] = []
        self._terms: list[NDArray[np.int32]] = []
        self._counts: list[NDArray[np.int32]] = []
        self._distinct: list[NDArray[np.int64]] = []

    def add(self, passages: Iterable[Sequence[str]]) -> int:
        """Count the tokens of the next passages; returns how many there were."""
        tokens = [list(passage) for passage in passages]
        lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
        ids = np.fromiter(map(self._vocabulary.__getitem__, chain.from_iterable(tokens)), np.int64)
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
        index.vocab_dict = dict(self._vocabulary)
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
        matrix = index.scores
        self._vocabulary: dict[str, int] = index.vocab_dict
        self._indices: NDArray[np.int32] = np.asarray(matrix["indices"])
        self._data: NDArray[np.float32] = np.asarray(matrix["data"])
        self._starts: NDArray[np.int64] = np.asarray(matrix["indptr"])
        self.size = int(matrix["num_docs"])

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what `Bm25Builder.write` wrote; raises `ValueError` if the parts do not fit each other."""
        import bm25s  # noqa: PLC0415 slow to load: it brings numba

        opened = cls(bm25s.BM25.load(folder, mmap=True, show_progress=False))
        opened._require_fitting(folder)
        return opened

    def search(self, tokens: Sequence[str], k: int, mask: NDArray[np.bool_] | None = None) -> Ranked:
        """The best `k` rows with a score above zero, among those that `mask` allows.

        A repeated query token counts as often as it stands there. Unknown tokens count for nothing.
        """
        from tasks.retrieval.kernels import add_postings  # noqa: PLC0415 it brings numba

        known = Counter(self._vocabulary[token] for token in tokens if token in self._vocabulary)
        if not known:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        terms = np.fromiter(known.keys(), np.int64, len(known))
        weights = np.fromiter(known.values(), np.float32, len(known))
        scores = np.zeros(self.size, np.float32)
        add_postings(self._indices, self._data, self._starts, terms, weights, scores)
        return best_rows(scores, k, mask, above=0)

    def _require_fitting(self, folder: Path) -> None:
        """Raise `ValueError` where a search would leave the matrices: compiled code does not look."""
        indices, starts, terms = self._indices, self._starts, self._vocabulary.values()
        fits = (
            len(indices) == len(self._data) == starts[-1]
            and not starts[0]
            and bool((np.diff(starts) >= 0).all())
            and 0 <= indices.min(initial=0) <= indices.max(initial=0) < max(self.size, 1)
            and 0 <= min(terms, default=0) <= max(terms, default=0) < max(len(starts) - 1, 1)
        )
        if not fits:
            raise ValueError(
                f"the postings of {folder} do not fit its {self.size} rows and {len(terms)} words"
            )

    def close(self) -> None:
        """Nothing: the matrices go with this object."""
