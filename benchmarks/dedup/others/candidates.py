"""What scripts of LSH libraries share: the arguments, the documents as sets of 3-grams, verification, the output."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np


def name_pairs(candidates: Callable[[int, set[str]], Iterable[int]]) -> None:
    """Write every pair of a document and one that `candidates(row, grams)` names, which indexes the document as well.

    With `verified` each pair is measured by its sets before it counts.
    """
    folder, output, verified = Path(sys.argv[1]), sys.argv[2], sys.argv[3:] == ["verified"]
    sets: list[set[str]] = []
    pairs: list[tuple[int, int]] = []
    with (folder / "input" / "texts.jsonl").open(encoding="utf-8") as lines:
        for row, line in enumerate(lines):
            text = json.loads(line)["text"]
            grams = {text[start : start + 3] for start in range(max(1, len(text) - 2))}
            for other in candidates(row, grams):
                shared = len(grams & sets[other]) if verified else 0
                if not verified or shared >= 0.4 * (len(grams) + len(sets[other]) - shared):
                    pairs.append((row, other))
            sets.append(grams if verified else set())
    found = np.array(pairs, np.int64).reshape(-1, 2)
    np.savez(output, first=found[:, 0], second=found[:, 1])
