"""Measure deduplication against what one would take instead, each tool in a process of its own on the same texts.

    python benchmarks/dedup/compare.py [--documents N] [--like GLOB] [--only NAME ...]

All tools get normalised texts; where their time includes more, the name says so. What is true is known from comparing
all pairs (`truth.py`). Columns, all counted and none estimated:

CPU s        of the whole process tree, from start to end, reading the texts included; `start` is that of 50 texts
docs/CPU s   documents by these seconds; `ours` is how many times as many the join of this project does
GiB          the largest process
recall       share of the pairs at Jaccard 0.4 that the tool names (a tool of clusters names all pairs in a cluster);
             `contained`: of those that only containment 0.8 makes alike. A tool that names for each document that goes
             one that stays has none
precision    share of the pairs named that are alike by Jaccard, containment or phrases
removed      documents that go; of a tool that names pairs, those that repeat an earlier one that stays
wrongly      of these, those that no document that stays is like
left         documents that stay though one that stays is like them, earlier, by Jaccard or containment; of ours the
             identity guard keeps most of them, for they state other facts, and the whole where an excerpt stays with it
"""

import argparse
import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from environments import python_of
from measure import Cost, ProgramFailed, measure
from numpy.typing import NDArray

from blocks.home import home
from infra.uv import UvProblem
from tasks.runtime.parts import decode_rows

HERE = Path(__file__).parent
WARM_UP = 50
JOIN = "finloom join"
OTHER_STAGE = ("clean", "last decisions")


@dataclass(frozen=True, slots=True)
class Tool:
    """How a tool is run: in which environment, which script, with which arguments after the corpus and the output."""

    environment: str
    script: str
    arguments: tuple[str, ...] = ()


TOOLS = {
    JOIN: Tool("finloom", "others/ours_join.py"),
    "finloom layers": Tool("finloom", "pipeline.py"),
    "sequential": Tool("finloom", "others/sequential.py"),
    "datasketch": Tool("others", "others/datasketch_lsh.py"),
    "datasketch verified": Tool("others", "others/datasketch_lsh.py", ("verified",)),
    "rensa": Tool("others", "others/rensa_lsh.py"),
    "rensa verified": Tool("others", "others/rensa_lsh.py", ("verified",)),
    "datatrove": Tool("others", "others/datatrove_minhash.py"),
    "text-dedup": Tool("text-dedup", "others/text_dedup_minhash.py"),
}


@dataclass(frozen=True, slots=True)
class Truth:
    """Pairs of documents as numbers `first * documents + second`, first > second, ascending.

    `by_jaccard` are those at the first measure, `contained` those that only meet the second, `alike` all of these, and
    `excused` those with what phrases cover as well.
    """

    documents: int
    by_jaccard: NDArray[np.int64]
    contained: NDArray[np.int64]
    alike: NDArray[np.int64]
    excused: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Run:
    """What a tool cost and found: pairs, as numbers like those of the truth, and rows that go.

    `names_all` is False where it names one pair for each row that goes.
    """

    cost: Cost
    start: float
    pairs: NDArray[np.int64]
    removed: NDArray[np.int64]
    names_all: bool = True


def main() -> None:
    """Make the corpus and its truth where they are missing, run every tool, print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--like", help="file, folder or glob of JSON lines; without it the sample corpus")
    parser.add_argument("--only", nargs="+", choices=TOOLS, default=list(TOOLS))
    arguments = parser.parse_args()
    corpus = _corpus(arguments.documents, arguments.like, with_truth=True)
    warm_up = _corpus(WARM_UP, arguments.like, with_truth=False)
    runs: dict[str, Run] = {}
    for name in arguments.only:
        try:
            runs |= _run(name, TOOLS[name], corpus, warm_up, arguments.documents)
        except (UvProblem, ProgramFailed) as problem:
            print(f"{name} is left out: {problem}")
    truth = _truth(corpus, arguments.documents)
    print(f"{arguments.documents} documents like {arguments.like or 'sample'};", end=" ")
    print(f"{len(truth.by_jaccard)} pairs at Jaccard 0.4, {len(truth.contained)} more at containment 0.8")
    _print(runs, truth)


def _corpus(documents: int, like: str | None, with_truth: bool) -> Path:
    """The folder of a corpus, kept for the next time; programs of their own make it, so that we stay small."""
    asked = hashlib.sha256(f"{documents} {like}".encode()).hexdigest()[:12]
    folder = home() / "bench" / f"compare-{documents}-{asked}"
    chosen = ["--like", like] if like else []
    if not (folder / "lines").exists():
        folder.mkdir(parents=True, exist_ok=True)
        measure([sys.executable, HERE / "corpus.py", folder, str(documents), *chosen], folder / "log.txt")
    if with_truth and not (folder / "truth.npz").exists():
        cost = measure([sys.executable, HERE / "truth.py", folder], folder / "log.txt")
        print(f"comparing all pairs of {documents} documents took {cost.cpu:.0f} CPU s", flush=True)
    return folder


def _run(name: str, tool: Tool, corpus: Path, warm_up: Path, documents: int) -> dict[str, Run]:
    """Run a tool on a few documents, which compiles what is compiled once, and then on all of them."""
    python = python_of(tool.environment)
    costs = []
    for folder in (warm_up, corpus):
        output = folder / "output.npz"
        shutil.rmtree(folder / "output", ignore_errors=True)
        shutil.rmtree(folder / "parts", ignore_errors=True)
        pipeline = tool.script == "pipeline.py"
        wanted = ["--processes", "1"] if pipeline else [output, *tool.arguments]
        costs.append(measure([python, HERE / tool.script, folder, *wanted], folder / "log.txt"))
    start, cost = costs[0].cpu, costs[1]
    if pipeline:
        return _layers(corpus, cost, start, documents)
    with np.load(output) as found:
        pairs = _numbers(found["first"], found["second"], documents)
        removed = found["removed"] if "removed" in found else _first_stays(pairs, documents)
    return {name: Run(cost, start, pairs, removed, name != "sequential")}


def _layers(corpus: Path, cost: Cost, start: float, documents: int) -> dict[str, Run]:
    """The pipeline counts twice: what `find_duplicates` does, and all from raw lines to the settled corpus."""
    gone = list(decode_rows((corpus / "parts" / "verdicts").read_bytes()))
    rows, others = (np.array([int(str(row[name])) for row in gone], np.int64) for name in ("id", "witness"))
    pairs = _numbers(np.maximum(rows, others), np.minimum(rows, others), documents)
    steps = json.loads((corpus / "steps.json").read_bytes())["steps"]
    spent = sum(step["cpu"] for name, step in steps.items() if name not in OTHER_STAGE)
    inner = Cost(spent, cost.wall, cost.largest, cost.together)
    return {
        "finloom five layers": Run(inner, 0.0, pairs, rows, False),
        "finloom from raw lines": Run(cost, start, pairs, rows, False),
    }


def _numbers(first: NDArray[np.integer], second: NDArray[np.integer], documents: int) -> NDArray[np.int64]:
    return np.unique(first.astype(np.int64) * documents + second)


def _first_stays(pairs: NDArray[np.int64], documents: int) -> NDArray[np.int64]:
    """Rows that go when each, in order, goes if it is paired with an earlier one that stays; pairs are ascending."""
    gone = np.zeros(documents, bool)
    for first, second in zip(*(side.tolist() for side in np.divmod(pairs, documents)), strict=True):
        if not gone[second]:
            gone[first] = True
    return np.flatnonzero(gone)


def _truth(corpus: Path, documents: int) -> Truth:
    with np.load(corpus / "truth.npz") as found:
        pairs = found["first"] * documents + found["second"]
        by_jaccard = found["by_jaccard"]
        covered = found["covered_first"] * documents + found["covered_second"]
    return Truth(
        documents,
        np.sort(pairs[by_jaccard]),
        np.sort(pairs[~by_jaccard]),
        np.sort(pairs),
        np.union1d(pairs, covered),
    )


def _print(runs: dict[str, Run], truth: Truth) -> None:
    names = ("CPU s", "start", "docs/CPU s", "ours", "GiB", "recall", "contained", "precision")
    print(f"{'':22}" + "".join(f"{name:>11}" for name in (*names, "removed", "wrongly", "left")))
    for name, run in runs.items():
        cpu = run.cost.cpu
        times = f"{cpu / runs[JOIN].cost.cpu:.1f}x" if JOIN in runs else "-"
        print(f"{name:22}{cpu:11.1f}{run.start:11.1f}{truth.documents / cpu:11.0f}{times:>11}", end="")
        print(f"{run.cost.largest / 2**30:11.2f}", end="")
        recall = [_share(wanted, run.pairs) for wanted in (truth.by_jaccard, truth.contained)]
        print("".join(f"{share:11.4f}" if run.names_all else f"{'-':>11}" for share in recall), end="")
        print(f"{_share(run.pairs, truth.excused):11.4f}", end="")
        wrongly, left = _judge(run.removed, truth)
        print(f"{len(run.removed):11}{wrongly:11}{left:11}", flush=True)


def _share(wanted: NDArray[np.int64], among: NDArray[np.int64]) -> float:
    return float(np.mean(np.isin(wanted, among))) if len(wanted) else 1.0


def _judge(removed: NDArray[np.int64], truth: Truth) -> tuple[int, int]:
    """How many rows went that are like none that stays, and how many stay that are like an earlier one that stays."""
    stays = np.ones(truth.documents, bool)
    stays[removed] = False
    first, second = np.divmod(truth.excused, truth.documents)
    excused = np.union1d(first[stays[second]], second[stays[first]])
    first, second = np.divmod(truth.alike, truth.documents)
    left = np.unique(first[stays[first] & stays[second]])
    return len(np.setdiff1d(removed, excused)), len(left)


if __name__ == "__main__":
    main()
