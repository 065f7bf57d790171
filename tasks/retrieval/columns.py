"""A copy of an index's vectors by dimension: the scores of FAISS' Flat and SQ8, sooner, for queries one by one.

A query of 15 characters hashes to about 30 of 1,024 dimensions, so 30 columns tell the scores of all rows. Over 40,000
passages on one core that took 0.05 ms where SQ8 took 4.3 ms and Flat 8.0 ms; with all of 256 dimensions, codes by
columns took 0.4 ms where SQ8 took 1.0 ms (2026-11-22).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.config import Embedding
from tasks.retrieval.ranking import Ranked, best_rows

if TYPE_CHECKING:
    import faiss

BLOCK = 4096
"""Rows that are turned at a time."""
LEVELS = 255
"""A code of SQ8 stands for `low + (code + 0.5) / 255 * (high - low)` of its dimension (FAISS, ScalarQuantizer)."""


def queries_are_sparse(embedding: Embedding) -> bool:
    """Whether queries are zero in most dimensions: where characters are hashed."""
    return embedding.kind in ("hash", "joined")


def write_columns(path: Path, index: "faiss.Index", quantised: bool) -> None:
    """Write the codes of a FAISS Flat or SQ8 index as `[dimensions, rows]`, in bounded memory."""
    kind = np.uint8 if quantised else np.float32
    columns = np.lib.format.open_memmap(path, "w+", kind, (index.d, index.ntotal))
    codes = _codes(index).view(kind).reshape(index.ntotal, index.d)
    for start in range(0, index.ntotal, BLOCK):
        columns[:, start : start + BLOCK] = codes[start : start + BLOCK].T
    columns.flush()


class Columns:
    """An opened copy: `[dimensions, rows]`, mapped from its file."""

    def __init__(
        self, columns: NDArray[np.float32], low: NDArray[np.float32], step: NDArray[np.float32]
    ) -> None:
        """An entry of `columns` stands for `low + step * entry` of its dimension; use `open`."""
        self._columns = columns
        self._low = low
        self._step = step

    @classmethod
    def open(cls, path: Path, index: "faiss.Index") -> Self:
        """Map what `write_columns` wrote of this index; raises `ValueError` if it is of another one."""
        import faiss  # noqa: PLC0415 slow to load

        columns = np.load(path, mmap_mode="r", allow_pickle=False)
        if columns.shape != (index.d, index.ntotal):
            raise ValueError(
                f"{path} has shape {columns.shape}, its index {index.d} dimensions of {index.ntotal} rows"
            )
        if columns.dtype != np.uint8:
            return cls(np.asarray(columns), np.zeros(index.d, np.float32), np.ones(index.d, np.float32))
        trained = faiss.vector_to_array(index.sq.trained).astype(np.float32)  # type: ignore[attr-defined]  # of SQ8
        least, width = trained.reshape(2, index.d)
        return cls(np.asarray(columns), least + width / np.float32(2 * LEVELS), width / np.float32(LEVELS))

    def search(self, vector: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None) -> Ranked:
        """The `k` rows with the greatest inner product, among those that `mask` allows."""
        from tasks.retrieval.kernels import add_columns  # noqa: PLC0415 it brings numba

        numbers = np.flatnonzero(vector)
        entries = vector[numbers]
        scores = np.full(self._columns.shape[1], entries @ self._low[numbers], np.float32)
        add_columns(self._columns, numbers, entries * self._step[numbers], scores)
        return best_rows(scores, k, mask)


def _codes(index: "faiss.Index") -> NDArray[np.uint8]:
    """The bytes that FAISS keeps of all rows, without a copy."""
    import faiss  # noqa: PLC0415 slow to load

    codes = index.codes  # type: ignore[attr-defined]  # Flat and SQ8 have them, not every index
    return faiss.rev_swig_ptr(codes.data(), codes.size())
