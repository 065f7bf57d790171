"""Measure how many queries a second of CPU time one thread answers, unbatched, in this process.

    python benchmarks/search_speed.py CORPUS ... [--passages 40000] [--dimensions 1024]

CORPUS are `.jsonl` or `.jsonl.gz` files of rows `id, text, title?, published?`; documents are taken in an order of
chance until they give that many passages. Queries are titles and pieces of 8 to 30 characters of the same documents.
Beside our methods stand the same engines as their libraries offer them: bm25s' scores and FAISS' Flat, each cut to the
same pool by NumPy and mixed in dicts; the last column is how many times faster ours is than that.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import bm25s
import faiss
import numpy as np
from numpy.typing import NDArray
from retrieval import document_of, rows_of

from datasets_registry.records import Document, Passage
from tasks.indexing.assemble import assemble
from tasks.indexing.config import IndexConfig
from tasks.indexing.passages import split_passages
from tasks.indexing.shards import tokens_shard, vectors_shard
from tasks.retrieval.config import HashEmbedding
from tasks.retrieval.dense import decode_vectors
from tasks.retrieval.filters import Filters
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.index import METHODS, SPARSE, Index
from tasks.runtime.parts import encode_rows

SEED = 20261122
QUERIES = 500
WARM = 50
ROUNDS = 5
TOP_K = 5


def main() -> None:
    """Build one index, ask it the same queries by every method, print a table."""
    arguments = _arguments()
    documents = [document_of(row) for path in arguments.corpus for row in rows_of(path)]
    config = IndexConfig(embedding=HashEmbedding(dimensions=arguments.dimensions))
    passages = _passages(documents, arguments.passages, config)
    queries = _queries(passages)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "index"
        source = encode_rows(passages).data
        tokens = tokens_shard([source], config.tokens)["tokens"].data
        vectors = vectors_shard([source], config.embedding)["vectors"].data
        manifest = assemble(folder, [source], [tokens], [vectors], config, "0" * 64)
        index = Index.open(folder)
        print(
            f"{manifest.passages:,} passages of {manifest.documents:,} documents, {arguments.dimensions} dimensions, "
            f"{manifest.engine}, FAISS {manifest.faiss}, recall@10 of the codec {manifest.dense_recall}"
        )
        plain = _libraries(folder, decode_vectors(vectors).astype(np.float32), index)
        slowest = _rate(plain, queries)
        print(f"{'':24}{'queries per CPU second':>24}{'times as many':>16}")
        print(f"{'hybrid, by the libraries':24}{slowest:24,.0f}{1:16.1f}")
        for method in METHODS:
            rate = _rate(lambda query, method=method: index.search(query, method, TOP_K), queries)
            print(f"{method:24}{rate:24,.0f}{rate / slowest:16.1f}")
        seen = Filters(as_of=_median_day(passages))
        rate = _rate(lambda query: index.search(query, "hybrid", TOP_K, filters=seen), queries)
        print(f"{'hybrid, half as of a day':24}{rate:24,.0f}{rate / slowest:16.1f}")


def _libraries(folder: Path, vectors: NDArray[np.float32], index: Index) -> Callable[[str], object]:
    """Hybrid search with nothing but bm25s, FAISS, NumPy and dicts; documents by their best passage."""
    words = bm25s.BM25.load(folder / SPARSE)
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    faiss.omp_set_num_threads(1)
    tokenizer, embedder = index.tokenizer, HashEmbedder(vectors.shape[1])
    documents, pool, alpha = index.passages.documents, index.manifest.search.pool, index.manifest.search.alpha

    def best(rows: NDArray[np.int64], scores: NDArray[np.float32]) -> dict[int, float]:
        found: dict[int, float] = {}
        for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
            found.setdefault(int(documents[row]), score)
        kept = dict(list(found.items())[:pool])
        low, high = min(kept.values(), default=0.0), max(kept.values(), default=0.0)
        return {number: (score - low) / (high - low or 1) for number, score in kept.items()}

    def search(query: str) -> list[Passage]:
        known = words.get_tokens_ids(tokenizer.tokens(query))
        scores = words.get_scores_from_ids(known) if known else np.zeros(len(documents), np.float32)
        rows = np.argpartition(-scores, 4 * pool)[: 4 * pool]
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        by_words = best(rows[scores[rows] > 0], scores[rows][scores[rows] > 0])
        near, numbers = flat.search(embedder.embed([query]), 4 * pool)
        by_meaning = best(numbers[0], near[0])
        mixed = {
            number: alpha * by_words.get(number, 0) + (1 - alpha) * by_meaning.get(number, 0)
            for number in by_words | by_meaning
        }
        first = sorted(mixed, key=lambda number: (-mixed[number], number))[:TOP_K]
        return [index.passages.passage(number) for number in first]

    return search


def _rate(search: Callable[[str], object], queries: list[str]) -> float:
    """Queries per second of this thread's CPU time: the best of some rounds, after a warm-up."""
    for query in queries[:WARM]:
        search(query)
    seconds = []
    for _ in range(ROUNDS):
        started = time.thread_time()
        for query in queries:
            search(query)
        seconds.append(time.thread_time() - started)
    return len(queries) / min(seconds)


def _passages(documents: list[Document], count: int, config: IndexConfig) -> list[Passage]:
    random.Random(SEED).shuffle(documents)
    passages: list[Passage] = []
    for document in documents:
        found = list(split_passages([document], config.passages))
        if len(passages) + len(found) > count:
            return passages
        passages += found
    raise SystemExit(f"found {len(passages)} passages, wanted {count}; give more documents")


def _queries(passages: list[Passage]) -> list[str]:
    rng = random.Random(SEED)
    queries = []
    for passage in rng.sample(passages, QUERIES):
        start = rng.randrange(max(1, len(passage.text) - 20))
        piece = passage.text[start : start + rng.randint(8, 30)]
        queries.append(passage.title[:40] if passage.title and rng.random() < 0.5 else piece)
    return queries


def _median_day(passages: list[Passage]) -> date:
    days = sorted(passage.published for passage in passages if passage.published)
    return date.fromisoformat(days[len(days) // 2][:10])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Queries per CPU second, unbatched, one thread.")
    parser.add_argument("corpus", nargs="+", type=Path)
    parser.add_argument("--passages", type=int, default=40_000)
    parser.add_argument("--dimensions", type=int, default=HashEmbedding().dimensions)
    return parser.parse_args()


if __name__ == "__main__":
    main()
