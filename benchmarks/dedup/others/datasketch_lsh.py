"""MinHash LSH of datasketch with 40 bands of 3; with `verified` each pair measured by its sets before it counts."""

import json
import sys
from pathlib import Path

import numpy as np
from datasketch import MinHash, MinHashLSH

folder, output, verified = Path(sys.argv[1]), sys.argv[2], sys.argv[3:] == ["verified"]
index = MinHashLSH(num_perm=120, params=(40, 3))
sets: list[set[str]] = []
pairs: list[tuple[int, int]] = []
with (folder / "input" / "texts.jsonl").open(encoding="utf-8") as lines:
    for row, line in enumerate(lines):
        text = json.loads(line)["text"]
        grams = {text[start : start + 3] for start in range(max(1, len(text) - 2))}
        signature = MinHash(num_perm=120, seed=1)
        signature.update_batch([gram.encode() for gram in grams])
        for other in index.query(signature):
            shared = len(grams & sets[other]) if verified else 0
            if not verified or shared >= 0.4 * (len(grams) + len(sets[other]) - shared):
                pairs.append((row, other))
        index.insert(row, signature, check_duplication=False)
        sets.append(grams if verified else set())
found = np.array(pairs, np.int64).reshape(-1, 2)
np.savez(output, first=found[:, 0], second=found[:, 1])
