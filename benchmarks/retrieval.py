"""Measure search on query sets: the quality of every method side by side, and the speed of each step.

    python benchmarks/retrieval.py NAME CORPUS QUERIES [NAME CORPUS QUERIES ...] [--no-titles NAME ...]

CORPUS and QUERIES are `.jsonl` or `.jsonl.gz`: rows `id, text, title?, published?` and `id, query, gold`.
Rates are per second of CPU time in one process.
"""

import argparse
import gzip
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import orjson

from datasets_registry.records import Document, JsonObject, Question
from tasks.evaluation.retrieval import evaluate
from tasks.indexing.assemble import assemble
from tasks.indexing.canary import check
from tasks.indexing.config import IndexConfig, PassageConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.config import EmbedConfig, SearchConfig
from tasks.retrieval.index import Index
from tasks.runtime.parts import encode_rows

T = TypeVar("T")
MARKUP = re.compile(r"<[^>]+>|\[查看原文\]\S*")
WHOLE = PassageConfig(target_characters=4000, min_characters=1000, overlap_sentences=0)


def main() -> None:
    """Build an index for each set, ask its queries, print one table a set."""
    arguments = _arguments()
    config = IndexConfig(
        passages=WHOLE if arguments.whole else PassageConfig(),
        embedding=EmbedConfig(dimensions=arguments.dimensions),
        search=SearchConfig(faiss=arguments.faiss, fusion=arguments.fusion),
    )
    for start in range(0, len(arguments.sets), 3):
        name, corpus, queries = arguments.sets[start : start + 3]
        with tempfile.TemporaryDirectory() as folder:
            titles = name not in arguments.no_titles
            _measure(
                name, Path(corpus), Path(queries), titles, config, arguments.alpha, Path(folder) / "index"
            )


def _measure(
    name: str,
    corpus: Path,
    queries: Path,
    titles: bool,
    config: IndexConfig,
    alphas: list[float],
    folder: Path,
) -> None:
    documents = [_document(row, titles) for row in _rows(corpus)]
    questions = [Question(row["id"], row["query"], tuple(row["gold"])) for row in _rows(queries)]  # type: ignore[arg-type]
    source = encode_rows(documents).data
    passages, cut = _timed(lambda: passages_shard([source], config.passages)["passages"])
    tokens, tokenized = _timed(lambda: tokens_shard([passages.data], config.tokens)["tokens"])
    vectors, embedded = _timed(lambda: vectors_shard([passages.data], config.embedding)["vectors"])
    _, assembled = _timed(
        lambda: assemble(folder, [passages.data], [tokens.data], [vectors.data], config, "0" * 64)
    )
    index, opened = _timed(lambda: Index.open(folder))
    print(f"\n{name}: {len(documents)} documents, {passages.rows} passages, {len(questions)} questions")
    steps = {"cut": cut, "tokenize": tokenized, "embed": embedded, "assemble": assembled}
    rates = ", ".join(f"{step} {passages.rows / seconds:,.0f}" for step, seconds in steps.items())
    print(f"passages per CPU second: {rates}; opened in {opened:.2f} s; canary: {check(index) or 'well'}")
    for alpha in alphas or [config.search.alpha]:
        index.manifest = index.manifest.model_copy(
            update={"search": config.search.model_copy(update={"alpha": alpha})}
        )
        report, asked = _timed(lambda: evaluate(index, questions))
        for method, figures in report.methods.items():
            label = f"{method} {alpha}" if method == "hybrid" else method
            print(f"  {label:12}" + "  ".join(f"{metric} {value:.3f}" for metric, value in figures.items()))
        print(
            f"  {len(questions) * len(report.methods) / asked:,.0f} queries per CPU second over all methods"
        )


def _document(row: JsonObject, titles: bool) -> Document:
    return Document(
        id=str(row["id"]),
        contents=MARKUP.sub("", str(row["text"] or "").replace("</p>", "\n")),
        title=str(row.get("title") or "") if titles else "",
        published=str(row["published"]) if row.get("published") else None,
        source=str(row.get("source", "")),
        metadata={},
    )


def _rows(path: Path) -> Iterator[JsonObject]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    return work(), time.process_time() - started


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Search quality and speed on query sets.")
    parser.add_argument("sets", nargs="+", metavar="NAME CORPUS QUERIES")
    parser.add_argument("--whole", action="store_true", help="index documents nearly unsplit")
    parser.add_argument(
        "--no-titles", nargs="*", default=[], metavar="NAME", help="sets whose titles are hidden"
    )
    parser.add_argument("--alpha", nargs="*", type=float, default=[], help="weights of BM25 to try")
    parser.add_argument("--dimensions", type=int, default=EmbedConfig().dimensions)
    parser.add_argument("--faiss", choices=("auto", "flat", "sq8"), default="auto")
    parser.add_argument("--fusion", choices=("minmax", "rrf"), default="minmax")
    arguments = parser.parse_args()
    if len(arguments.sets) % 3:
        parser.error(f"found {len(arguments.sets)} words, wanted NAME CORPUS QUERIES for each set")
    return arguments


if __name__ == "__main__":
    main()
