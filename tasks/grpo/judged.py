"""The parts of the reward in training, from what the reward manager noted down of every response."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from tasks.runtime.metrics import Metric

TRAIN = "train"
PARTS = ("format", "answer")


def read_judged(tries: Iterable[Path]) -> list[Metric]:
    """The mean of every part as `reward/PART` for each step; of a step that was tried again, the later try counts.

    Args:
        tries: a folder of `judged-*.jsonl` for each try, in order; validation rows among them are left out.
    """
    means: dict[tuple[int, str], float] = {}
    for folder in tries:
        earned: dict[tuple[int, str], list[float]] = defaultdict(list)
        for step, name, value in _noted(folder):
            earned[step, name].append(value)
        means |= {key: sum(values) / len(values) for key, values in earned.items()}
    return [Metric(step, f"reward/{name}", means[step, name]) for step, name in sorted(means)]


def _noted(folder: Path) -> Iterator[tuple[int, str, float]]:
    for path in sorted(folder.glob("judged-*.jsonl")):
        for line in path.read_bytes().splitlines(keepends=True):
            # Somebody may still be writing the last line.
            if not line.endswith(b"\n"):
                continue
            row = orjson.loads(line)
            if row["split"] == TRAIN:
                for name in PARTS:
                    yield row["step"], name, row[name]
