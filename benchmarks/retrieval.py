"""Measure search on query sets: the quality of every method side by side, and the speed of each step.

    python benchmarks/retrieval.py [NAME CORPUS QUERIES ...] [--no-titles NAME ...]

CORPUS and QUERIES are `.jsonl` or `.jsonl.gz`: rows `id, text, title?, published?` and `id, query, gold, as_of?`.
Without a set it is `sample`: the sample corpus, made and cleaned as the flows do, and its questions.
Rates are per second of CPU time in one process.
"""

import argparse
import gzip
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import orjson
from build_corpus import corpus_stage

from datasets_registry.records import Document, JsonObject, Question
from datasets_registry.sample.generate import generate
from tasks.evaluation.retrieval import evaluate
from tasks.indexing.assemble import assemble
from tasks.indexing.canary import check
from tasks.indexing.config import IndexConfig, PassageConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.config import HashEmbedding, SearchConfig
from tasks.retrieval.index import Index
from tasks.retrieval.tokens import shared_tokenizer
from tasks.runtime.parts import decode_as, encode_rows

T = TypeVar("T")
MARKUP = re.compile(r"<[^>]+>|\[查看原文\]\S*")
WHOLE = PassageConfig(target_characters=4000, min_characters=1000, overlap_sentences=0)


def main() -> None:
    """Build an index for each set, ask its queries, print one table a set."""
    arguments = _arguments()
    config = IndexConfig(
        passages=WHOLE if arguments.whole else PassageConfig(),
        embedding=HashEmbedding(dimensions=arguments.dimensions),
        search=SearchConfig(faiss=arguments.faiss, fusion=arguments.fusion),
    )
    shared_tokenizer(config.tokens)  # its dictionaries are loaded once, and would count for the first set
    for name, documents, questions in _sets(arguments.sets):
        if name in arguments.no_titles:
            documents = [replace(document, title="") for document in documents]
        with tempfile.TemporaryDirectory() as folder:
            _measure(name, documents, questions, config, arguments.alpha, Path(folder) / "index")


def _measure(
    name: str,
    documents: list[Document],
    questions: list[Question],
    config: IndexConfig,
    alphas: list[float],
    folder: Path,
) -> None:
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


def _sets(words: list[str]) -> Iterator[tuple[str, list[Document], list[Question]]]:
    for start in range(0, len(words), 3):
        name, corpus, queries = words[start : start + 3]
        yield name, [document_of(row) for row in rows_of(Path(corpus))], _questions(Path(queries))
    if not words:
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder))
            lines = gzip.decompress((Path(folder) / "documents.jsonl.gz").read_bytes()).splitlines()
            documents = corpus_stage(lines)["documents"].data
            yield "sample", list(decode_as(documents, Document)), _questions(Path(folder) / "questions.jsonl")


def _questions(path: Path) -> list[Question]:
    return [
        Question(row["id"], row["query"], tuple(row["gold"]), row.get("as_of"))  # type: ignore[arg-type]
        for row in rows_of(path)
    ]


def document_of(row: JsonObject) -> Document:
    """A document of a row, its text without markup."""
    return Document(
        id=str(row["id"]),
        contents=MARKUP.sub("", str(row["text"] or "").replace("</p>", "\n")),
        title=str(row.get("title") or ""),
        published=str(row["published"]) if row.get("published") else None,
        source=str(row.get("source", "")),
        metadata={},
    )


def rows_of(path: Path) -> Iterator[JsonObject]:
    """The rows of a `.jsonl` or `.jsonl.gz` file."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    return work(), time.process_time() - started


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Search quality and speed on query sets.")
    parser.add_argument("sets", nargs="*", metavar="NAME CORPUS QUERIES")
    parser.add_argument("--whole", action="store_true", help="index documents nearly unsplit")
    parser.add_argument(
        "--no-titles", nargs="*", default=[], metavar="NAME", help="sets whose titles are hidden"
    )
    parser.add_argument("--alpha", nargs="*", type=float, default=[], help="weights of BM25 to try")
    parser.add_argument("--dimensions", type=int, default=HashEmbedding().dimensions)
    parser.add_argument("--faiss", choices=("auto", "flat", "sq8", "hnsw"), default="auto")
    parser.add_argument("--fusion", choices=("minmax", "rrf", "weighted_rrf"), default="minmax")
    arguments = parser.parse_args()
    if len(arguments.sets) % 3:
        parser.error(f"found {len(arguments.sets)} words, wanted NAME CORPUS QUERIES for each set")
    return arguments


if __name__ == "__main__":
    main()
