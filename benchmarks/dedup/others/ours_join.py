"""The exact join of this project: normalised texts to every pair at Jaccard 0.4 or containment 0.8."""

import sys
from pathlib import Path

import numpy as np
import orjson

from tasks.similarity.join import self_join
from tasks.similarity.shingles import shingle

folder = Path(sys.argv[1])
with (folder / "input" / "texts.jsonl").open("rb") as lines:
    texts = [orjson.loads(line)["text"] for line in lines]
found = self_join(shingle(texts, 3))
np.savez(sys.argv[2], first=found.x, second=found.y)
