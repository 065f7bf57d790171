"""Search by vectors with FAISS: exact up to some size, 8-bit above, built from a stream of float16 shards.

The 8-bit codec is trained on nothing but the smallest and largest value of each dimension, so that a corpus
never has to be in memory; the codes are those that training on all rows would give.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.config import SearchConfig
from tasks.retrieval.ranking import Ranked

if TYPE_CHECKING:
    import faiss

FILE = "dense.faiss"
BLOCK = 4096
"""Rows that are handed to FAISS at a time."""

DenseKind = Literal["flat", "sq8"]


def encode_vectors(rows: NDArray[np.float32]) -> bytes:
    """A shard of vectors as the bytes of a float16 `.npy` file."""
    buffer = io.BytesIO()
    np.save(buffer, rows.astype(np.float16), allow_pickle=False)
    return buffer.getvalue()


def decode_vectors(data: bytes) -> NDArray[np.float16]:
    """The rows of `encode_vectors`."""
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False), np.float16)


def write_dense(
    path: Path, shards: Iterable[bytes], dimensions: int, config: SearchConfig
) -> tuple[DenseKind, int]:
    """Build the index of all rows of all shards, in order, and write it to `path`.

    Returns:
        The kind of index chosen and the number of vectors.

    Raises:
        ValueError: a shard's rows do not have `dimensions` entries.
    """
    import faiss  # noqa: PLC0415 slow to load, and not needed to encode vectors

    with TemporaryFile() as spool:
        low, high = np.full(dimensions, np.inf, np.float32), np.full(dimensions, -np.inf, np.float32)
        total = 0
        for number, shard in enumerate(shards):
            rows = decode_vectors(shard)
            if rows.ndim != 2 or rows.shape[1] != dimensions:
                raise ValueError(
                    f"vector shard {number} has shape {rows.shape}, the index wants {dimensions} dimensions; "
                    "embed the corpus again with the configured embedder"
                )
            low = np.minimum(low, rows.min(axis=0, initial=np.inf))
            high = np.maximum(high, rows.max(axis=0, initial=-np.inf))
            spool.write(rows.tobytes())
            total += len(rows)
        flat = config.faiss == "flat" or (config.faiss == "auto" and total <= config.flat_up_to)
        if flat:
            index: faiss.Index = faiss.IndexFlatIP(dimensions)
        else:
            codec = faiss.ScalarQuantizer.QT_8bit
            index = faiss.IndexScalarQuantizer(dimensions, codec, faiss.METRIC_INNER_PRODUCT)
            index.train(np.stack([low, high]).astype(np.float32))
        for block in _blocks(spool, dimensions):
            index.add(block)
        faiss.write_index(index, str(path))
    return "flat" if flat else "sq8", total


def _blocks(spool: IO[bytes], dimensions: int) -> Iterator[NDArray[np.float32]]:
    spool.seek(0)
    while data := spool.read(BLOCK * dimensions * 2):
        yield np.frombuffer(data, np.float16).reshape(-1, dimensions).astype(np.float32)


class Dense:
    """An opened vector index."""

    def __init__(self, index: "faiss.Index") -> None:
        """Wrap a FAISS index; use `open`."""
        self._index = index
        self.size = int(index.ntotal)
        self.dimensions = int(index.d)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read what `write_dense` wrote."""
        import faiss  # noqa: PLC0415 slow to load

        return cls(faiss.read_index(str(path)))

    def search(
        self, vectors: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None = None
    ) -> list[Ranked]:
        """For each vector the `k` rows with the greatest inner product, among those that `mask` allows.

        Many vectors at once are several times faster than one by one; scores may then differ in the last bit.
        """
        import faiss  # noqa: PLC0415 slow to load

        parameters = None
        if mask is not None:
            # FAISS' stubs show the constructors of C++, not those that its Python loader puts in their place
            selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))  # type: ignore[call-arg, arg-type]
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, rows = self._index.search(vectors, min(k, self.size), params=parameters)
        return [_in_order(*pair) for pair in zip(rows, scores, strict=True)]

    def vectors(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """The vectors of some rows, as far as the codec kept them."""
        return np.stack([self._index.reconstruct(int(row)) for row in rows])


def _in_order(rows: NDArray[np.int64], scores: NDArray[np.float32]) -> Ranked:
    """Without FAISS' filler of rows -1, ties by row."""
    rows, scores = rows[rows >= 0], scores[rows >= 0]
    order = np.lexsort((rows, -scores))
    return rows[order], scores[order]
