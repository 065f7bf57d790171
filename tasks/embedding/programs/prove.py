"""Measure whether a merged model embeds as its base with the adapter does. Runs in the swift environment.

Writes `{"texts", "to_adapted", "to_base"}`: the cosine distances, largest and mean, of the merged model's vectors to
those of base plus adapter (not merged), and to those of the base alone.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.embedding.programs.embed import Encoder


def distances(left: NDArray[np.float32], right: NDArray[np.float32]) -> dict[str, float]:
    """One minus the cosine of unit rows `[texts, dimensions]`, computed as half the squared difference."""
    apart = np.square(left.astype(np.float64) - right.astype(np.float64)).sum(axis=1) / 2
    return {"largest": float(apart.max()), "mean": float(apart.mean())}


def main() -> None:
    """Embed the texts three times and write the distances."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("base", "adapter", "merged", "texts", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--max-tokens", type=int, required=True)
    given = parser.parse_args()
    with given.texts.open(encoding="utf-8") as lines:
        texts = [json.loads(line) for line in lines]
    merged = Encoder(given.merged, given.max_tokens).embed(texts)
    adapted = Encoder(given.base, given.max_tokens, given.adapter).embed(texts)
    base = Encoder(given.base, given.max_tokens).embed(texts)
    measured = {
        "texts": len(texts),
        "to_adapted": distances(merged, adapted),
        "to_base": distances(merged, base),
    }
    partial = given.out.with_suffix(".partial")
    partial.write_text(json.dumps(measured, indent=2))
    partial.replace(given.out)


if __name__ == "__main__":
    main()
