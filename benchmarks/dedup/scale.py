"""Measure deduplication at growing sizes, through all five layers, in two processes.

    python benchmarks/dedup/scale.py [--like GLOB] [--texts N ...] [--mix]

Texts are invented after those of GLOB (`texts.py`), with copies planted among them (`plant.py`); `--mix` adds a corpus
of 364,816 rows as a user has them: 163,783 texts to compare, 10,015 that are too short, 191,018 structured records.
What is measured is `pipeline.py`. CPU seconds are those of its whole process tree; memory is that of its largest
process, and of all of them at one time. Inventing the texts is not counted.
"""

import argparse
import json
import math
import shutil
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from measure import Cost, measure

from blocks.home import home

HERE = Path(__file__).parent
SIZES = (20_000, 80_000, 165_000, 365_000)
MIX = ("173798", "--records", "191018", "--noise", "10015")
OTHER_STAGE = ("clean", "last decisions")
"""Steps that are not deduplication."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A run of the pipeline: its cost, its steps by name (calls, cpu, wall), and what it found."""

    cost: Cost
    steps: dict[str, dict[str, float]]
    found: dict[str, int]

    def spent(self, kind: str) -> float:
        """CPU or wall seconds of the steps that are deduplication."""
        return sum(step[kind] for name, step in self.steps.items() if name not in OTHER_STAGE)


def main() -> None:
    """Measure every size, print a table for each, and how the cost grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--like", help="file, folder or glob of JSON lines; without it the sample corpus")
    parser.add_argument("--texts", type=int, nargs="*", default=SIZES)
    parser.add_argument("--mix", action="store_true")
    arguments = parser.parse_args()
    like = ["--like", arguments.like] if arguments.like else []
    sizes = [_run(str(count), [str(count), *like]) for count in arguments.texts]
    if arguments.mix:
        _run("364816 rows", [*MIX, *like])
    _print_growth(sizes)


def _run(name: str, corpus: list[str]) -> Measured:
    folder = home() / "bench" / "scale"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = folder / "log.txt"
    making = measure([sys.executable, HERE / "make.py", folder, *corpus], log)
    cost = measure([sys.executable, HERE / "pipeline.py", folder], log)
    report = json.loads((folder / "steps.json").read_bytes())
    shutil.rmtree(folder)
    measured = Measured(cost, report["steps"], report["found"])
    _print(name, making, measured)
    return measured


def _print(name: str, making: Cost, measured: Measured) -> None:
    cost = measured.cost
    print(f"{name} texts" if name.isdecimal() else name, measured.found)
    print(f"  {'step':16} {'calls':>6} {'CPU s':>8} {'wall s':>8}")
    for step, spent in measured.steps.items():
        print(f"  {step:16} {spent['calls']:6.0f} {spent['cpu']:8.1f} {spent['wall']:8.1f}")
    texts = measured.found["compared"]
    print(f"  {'deduplication':16} {'':6} {measured.spent('cpu'):8.1f} {measured.spent('wall'):8.1f}", end="")
    print(f"  {1e6 * measured.spent('cpu') / texts:.0f} CPU microseconds for each of {texts} texts compared")
    print(f"  {'the process tree':16} {'':6} {cost.cpu:8.1f} {cost.wall:8.1f}", end="")
    print(f"  largest process {cost.largest / 2**30:.2f} GiB, together {cost.together / 2**30:.2f} GiB")
    print(f"  (inventing them took {making.cpu:.0f} CPU s)", flush=True)


def _print_growth(sizes: list[Measured]) -> None:
    """The exponent of n between one size and the next: 1 where a document costs as much in a large corpus."""
    for small, large in pairwise(sizes):
        texts = large.found["compared"] / small.found["compared"]
        powers = [
            math.log(large.spent(kind) / small.spent(kind)) / math.log(texts) for kind in ("cpu", "wall")
        ]
        before, after = small.found["compared"], large.found["compared"]
        print(f"from {before} to {after} texts: CPU grows as n^{powers[0]:.2f}, wall as n^{powers[1]:.2f}")


if __name__ == "__main__":
    main()
