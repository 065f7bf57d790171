"""Build the vector index of a corpus from a stream of float16 shards, and measure how well it finds.

The 8-bit codec is trained on nothing but the smallest and largest value of each dimension, so that a corpus never has
to be in memory; the codes are those that training on all rows would give.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.columns import write_columns
from tasks.retrieval.config import SearchConfig
from tasks.retrieval.dense import COLUMNS, FILE, Dense, DenseKind, decode_vectors

if TYPE_CHECKING:
    import faiss

NO_ROWS = np.empty((0, 0), np.float16)
BLOCK = 4096
"""Rows that are handed to FAISS at a time."""
LINKS = 32
"""Neighbours of a vector in the graph (M of HNSW; twice as many on the ground floor)."""
SAMPLE = 100
"""Vectors that are asked for their neighbours."""
NEIGHBOURS = 10
ROUNDING = 1e-5
"""By how much a score may differ from that of brute force and be the same."""


class PoorRecall(ValueError):
    """A dense index does not find what is nearest; it is not to be searched."""


@dataclass(frozen=True, slots=True)
class BuiltDense:
    """What was built: the kind, how many vectors, and the share of the exact best 10 that it finds."""

    kind: DenseKind
    vectors: int
    recall: float


def write_dense(
    folder: Path, shards: Iterable[bytes], dimensions: int, config: SearchConfig, sparse_queries: bool = False
) -> BuiltDense:
    """Build the index of all rows of all shards, in order; the same bytes however they are sharded.

    Args:
        folder: where the files go.
        shards: from `encode_vectors`.
        dimensions: entries of a vector.
        config: which kind of index, and how well it must find.
        sparse_queries: whether queries are zero in most dimensions, so that exact vectors get a copy by columns too.

    Raises:
        ValueError: a shard's rows do not have `dimensions` entries.
        PoorRecall: the index finds less than `config.min_recall`.
    """
    import faiss  # noqa: PLC0415 slow to load, and not needed to encode vectors

    with TemporaryFile() as spool:
        total, bounds = _spool(spool, shards, dimensions)
        kind = dense_kind(total, dimensions, config, sparse_queries)
        index = _empty(kind, dimensions, config, bounds)
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)  # vectors that enter a graph at once are linked by chance
        try:
            rows = np.memmap(spool, np.float16, "r", shape=(total, dimensions)) if total else NO_ROWS
            asked = _spread(rows, 0 if kind == "flat" else SAMPLE)
            nearest = _add(index, rows, asked)
            faiss.write_index(index, str(folder / FILE))
            if kind == "sq8" or (kind == "flat" and sparse_queries):
                write_columns(folder / COLUMNS, index, quantised=kind == "sq8")
            recall = _recall(Dense.open(folder), rows, asked, nearest) if len(asked) else 1.0
        finally:
            faiss.omp_set_num_threads(threads)
    if recall < config.min_recall:
        (folder / FILE).unlink()
        (folder / COLUMNS).unlink(missing_ok=True)
        raise PoorRecall(
            f"the {kind} index finds {recall:.3f} of the 10 nearest vectors, wanted {config.min_recall}; raise "
            "ef_search, or set faiss to sq8 or flat"
        )
    return BuiltDense(kind, total, recall)


def dense_kind(vectors: int, dimensions: int, config: SearchConfig, sparse_queries: bool) -> DenseKind:
    """The kind of index for that many vectors: what is asked for, else the most exact that is fast and fits.

    A graph is not taken where queries are sparse: a scan by columns is exact and as fast. Over 40,000 passages of
    hashed characters, a graph with `ef_search` 128 found 0.87 of the best 10 of short queries (2026-11-22).
    """
    if config.faiss != "auto":
        return config.faiss
    room = config.dense_megabytes * 2**20
    if vectors <= config.flat_up_to and 4 * vectors * dimensions <= room:
        return "flat"
    graph = vectors * (dimensions + 2 * 4 * LINKS)
    return "hnsw" if vectors >= config.hnsw_from and graph <= room and not sparse_queries else "sq8"


def _spool(spool: IO[bytes], shards: Iterable[bytes], dimensions: int) -> tuple[int, NDArray[np.float32]]:
    """Write all rows to a file; returns how many there were and `[2, dimensions]`, the least and greatest entries."""
    bounds = np.stack([np.full(dimensions, np.inf, np.float32), np.full(dimensions, -np.inf, np.float32)])
    total = 0
    for number, shard in enumerate(shards):
        rows = decode_vectors(shard)
        if rows.ndim != 2 or rows.shape[1] != dimensions:
            raise ValueError(
                f"vector shard {number} has shape {rows.shape}, the index wants {dimensions} dimensions; "
                "embed the corpus again with the configured embedder"
            )
        if len(rows):
            bits = _in_order(rows.view(np.int16))
            bounds[0] = np.minimum(bounds[0], _in_order(bits.min(axis=0)).view(np.float16))
            bounds[1] = np.maximum(bounds[1], _in_order(bits.max(axis=0)).view(np.float16))
        spool.write(rows.tobytes())
        total += len(rows)
    return total, bounds


def _in_order(bits: NDArray[np.int16]) -> NDArray[np.int16]:
    """The bits of float16 numbers as whole numbers of the same order, and back: compared ten times as fast."""
    return bits ^ ((bits >> 15) & np.int16(0x7FFF))


def _empty(
    kind: DenseKind, dimensions: int, config: SearchConfig, bounds: NDArray[np.float32]
) -> "faiss.Index":
    """An index of that kind without vectors, its codec trained."""
    import faiss  # noqa: PLC0415 slow to load

    if kind == "flat":
        return faiss.IndexFlatIP(dimensions)
    codec, metric = faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    if kind == "hnsw":
        graph = faiss.IndexHNSWSQ(dimensions, codec, LINKS, metric)  # type: ignore[arg-type]
        graph.hnsw.efSearch = config.ef_search
        graph.train(bounds)
        return graph
    flat = faiss.IndexScalarQuantizer(dimensions, codec, metric)
    flat.train(bounds)
    return flat


def _spread(rows: NDArray[np.float16], count: int) -> NDArray[np.float32]:
    """So many rows, if there are, spread evenly."""
    places = np.linspace(0, len(rows), min(count, len(rows)), endpoint=False)
    return rows[places.astype(np.int64)].astype(np.float32)


def _add(index: "faiss.Index", rows: NDArray[np.float16], asked: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add the rows to the index; returns the greatest inner products of each vector asked with any of them."""
    best = np.empty((len(asked), 0), np.float32)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK].astype(np.float32)
        index.add(block)
        best = np.hstack([best, asked @ block.T])
        best = np.partition(best, -min(NEIGHBOURS, best.shape[1]), axis=1)[:, -NEIGHBOURS:]
    return best


def _recall(
    dense: Dense, rows: NDArray[np.float16], asked: NDArray[np.float32], nearest: NDArray[np.float32]
) -> float:
    """The share of the exact best 10 of the vectors asked that it finds; equally near ones count alike."""
    hits = 0
    least = nearest.min(axis=1) - ROUNDING
    for vector, limit, (found, _) in zip(asked, least, dense.search(asked, nearest.shape[1]), strict=True):
        hits += int(np.count_nonzero(rows[found].astype(np.float32) @ vector >= limit))
    return round(hits / nearest.size, 4)
