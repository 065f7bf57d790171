"""Measure how many queries a second of CPU time one thread answers, unbatched, in this process.

    python benchmarks/search/speed.py --data FOLDER [--passages 40000] [--kinds hash joined]

The corpus is drawn from all documents of the sets of `sets.py` and from news, in an order of chance until they give
that many passages; the queries are drawn from all questions of the sets. Beside our methods stand the same engines as
their libraries offer them: bm25s' scores and FAISS' Flat, each cut to the same pool by NumPy and mixed in dicts; the
last column is how many times faster ours is than that.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import bm25s
import faiss
import numpy as np
from numpy.typing import NDArray
from parts import CACHE, NO_TABLE, Parts, WordVectors
from sets import SOURCES, read_documents, read_set

from datasets_registry.records import Document, Passage
from tasks.indexing.choice import embedding_of
from tasks.indexing.config import KINDS, EmbeddingConfig, IndexConfig
from tasks.indexing.passages import split_passages
from tasks.retrieval.dense import decode_vectors
from tasks.retrieval.embedder import embedders
from tasks.retrieval.filters import Filters
from tasks.retrieval.index import METHODS, SPARSE, Index
from tasks.retrieval.passage_file import UNDATED

NEWS = "docs/crud_news.jsonl.gz"
SEED = 20261122
QUERIES = 500
WARM = 50
ROUNDS = 5
TOP_K = 5


def main() -> None:
    """One index of each kind of vectors, asked the same queries by every method; a table each."""
    arguments = _arguments()
    rng = random.Random(SEED)
    sets = [read_set(arguments.data, name) for name in SOURCES]
    found = [row for one in sets for row in one.documents] + read_documents(arguments.data / NEWS)
    documents = _drawn(found, arguments.passages, rng)
    asked = [question.query for one in sets for question in (*one.development, *one.test)]
    queries = rng.sample(asked, QUERIES)
    embeddings = EmbeddingConfig()
    parts = Parts(documents, IndexConfig(), WordVectors(arguments.cache))
    parts.table(embeddings.words)
    for kind in arguments.kinds:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            index = parts.index(folder, embedding_of(kind, NO_TABLE, embeddings))
            vectors = decode_vectors(parts.vectors(index.manifest.embedding)).astype(np.float32)
            _table(kind, index, _libraries(folder, vectors, index), queries)


def _table(kind: str, index: Index, plain: Callable[[str], object], queries: list[str]) -> None:
    manifest = index.manifest
    print(
        f"\n{kind}: {manifest.passages:,} passages of {manifest.documents:,} documents, "
        f"{manifest.embedding.dimensions} dimensions, {manifest.engine}, FAISS {manifest.faiss}, recall@10 of the "
        f"codec {manifest.dense_recall}"
    )
    slowest = _rate(plain, queries)
    print(f"{'':24}{'queries per CPU second':>24}{'times as many':>16}")
    print(f"{'hybrid, by the libraries':24}{slowest:24,.0f}{1:16.1f}")
    for method in METHODS:
        rate = _rate(lambda query, method=method: index.search(query, method, TOP_K), queries)
        print(f"{method:24}{rate:24,.0f}{rate / slowest:16.1f}")
    seen = Filters(as_of=_median_day(index))
    rate = _rate(lambda query: index.search(query, "hybrid", TOP_K, filters=seen), queries)
    print(f"{'hybrid, half as of a day':24}{rate:24,.0f}{rate / slowest:16.1f}")


def _libraries(folder: Path, vectors: NDArray[np.float32], index: Index) -> Callable[[str], object]:
    """Hybrid search with nothing but bm25s, FAISS, NumPy and dicts; documents by their best passage."""
    words = bm25s.BM25.load(folder / SPARSE)
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    faiss.omp_set_num_threads(1)
    ways = embedders(index.manifest.embedding, index.tokenizer, folder)
    assert ways is not None, "these kinds embed a query"
    embed, tokenizer = ways.queries, index.tokenizer
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
        near, numbers = flat.search(embed([query]), 4 * pool)
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


def _drawn(documents: list[Document], count: int, rng: random.Random) -> list[Document]:
    """Documents until they give that many passages."""
    rng.shuffle(documents)
    passages = 0
    for number, document in enumerate(documents):
        passages += sum(1 for _ in split_passages([document], IndexConfig().passages))
        if passages >= count:
            return documents[: number + 1]
    raise SystemExit(f"all documents give {passages} passages, wanted {count}; ask for fewer")


def _median_day(index: Index) -> date:
    days = index.passages.days
    return date(1, 1, 1) + timedelta(days=int(np.median(days[days > UNDATED])) - 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the query sets")
    parser.add_argument("--passages", type=int, default=40_000)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["hash", "joined"])
    parser.add_argument("--cache", type=Path, default=CACHE, help="where word vectors are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
