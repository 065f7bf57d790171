"""Search by vectors with FAISS: exact up to some size, 8-bit above, a graph over 8-bit codes when there are many."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.columns import Columns
from tasks.retrieval.ranking import Ranked

if TYPE_CHECKING:
    import faiss

FILE = "dense.faiss"
COLUMNS = "dense.columns.npy"

SCAN_BELOW = 0.2
"""A smaller share of a graph's rows that a mask lets through is compared row by row: a walk would lose its way."""


DenseKind = Literal["flat", "sq8", "hnsw"]


def encode_vectors(rows: NDArray[np.float32]) -> bytes:
    """A shard of vectors as the bytes of a float16 `.npy` file."""
    buffer = io.BytesIO()
    np.save(buffer, rows.astype(np.float16), allow_pickle=False)
    return buffer.getvalue()


def decode_vectors(data: bytes) -> NDArray[np.float16]:
    """The rows of `encode_vectors`."""
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False), np.float16)


class Dense:
    """An opened vector index."""

    def __init__(self, index: "faiss.Index", columns: Columns | None) -> None:
        """Wrap a FAISS index and, where there is one, its copy by columns; use `open`."""
        import faiss  # noqa: PLC0415 slow to load

        self._index = index
        self._columns = columns
        self._graph = index if isinstance(index, faiss.IndexHNSW) else None
        self.size = int(index.ntotal)
        self.dimensions = int(index.d)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what `write_dense` wrote; raises `ValueError` or FAISS' `RuntimeError` if it is damaged."""
        import faiss  # noqa: PLC0415 slow to load

        index = faiss.read_index(str(folder / FILE), faiss.IO_FLAG_MMAP_IFC)
        columns = Columns.open(folder / COLUMNS, index) if (folder / COLUMNS).exists() else None
        return cls(index, columns)

    def search(
        self, vectors: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None = None
    ) -> list[Ranked]:
        """For each vector the `k` rows with the greatest inner product, among those that `mask` allows.

        All on the calling thread. Scores may differ in the last bit when many vectors are searched at once.
        """
        import faiss  # noqa: PLC0415 slow to load

        if self._columns is not None:
            return [self._columns.search(vector, k, mask) for vector in vectors]
        faiss.omp_set_num_threads(1)
        index, parameters = self._means(k, mask)
        scores, rows = index.search(vectors, min(k, self.size), params=parameters)
        return [_in_order(*pair) for pair in zip(rows, scores, strict=True)]

    def vectors(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """The vectors of some rows, as far as the codec kept them."""
        return np.stack([self._index.reconstruct(int(row)) for row in rows])

    def _means(
        self, k: int, mask: NDArray[np.bool_] | None
    ) -> tuple["faiss.Index", "faiss.SearchParameters | None"]:
        """The index to ask, and how: a graph walks further where a mask hides some of its rows."""
        import faiss  # noqa: PLC0415 slow to load

        # FAISS' stubs show the constructors of C++, not those that its Python loader puts in their place
        if mask is None:
            return self._index, None
        selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))  # type: ignore[call-arg, arg-type]
        if self._graph is None:
            return self._index, faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        share = max(float(mask.mean()), 1 / self.size)
        if share < SCAN_BELOW or k >= share * self.size:
            return faiss.downcast_index(self._graph.storage), faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        reach = math.ceil(max(self._graph.hnsw.efSearch, k) / share)
        return self._graph, faiss.SearchParametersHNSW(sel=selector, efSearch=reach)  # type: ignore[attr-defined]


def _in_order(rows: NDArray[np.int64], scores: NDArray[np.float32]) -> Ranked:
    """Without FAISS' filler of rows -1, ties by row."""
    rows, scores = rows[rows >= 0], scores[rows >= 0]
    order = np.lexsort((rows, -scores))
    return rows[order], scores[order]
