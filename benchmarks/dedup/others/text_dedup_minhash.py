"""MinHash of text-dedup with 40 bands of 3 over character 3-grams, not verified, which is its default.

It splits text where there are no letters, so characters are given with spaces between them.
"""

import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np

os.environ["HF_HOME"] = str(Path(sys.argv[2]).with_suffix("") / "cache")
os.environ["HF_HUB_OFFLINE"] = "1"

from datasets import load_from_disk
from text_dedup.config.base import load_config_from_toml
from text_dedup.minhash import main as deduplicate

CONFIG = """
[input]
input_type = "local_files"
file_type = "json"
read_arguments = {{ path = "json", data_files = "{made}/spaced.jsonl", split = "train" }}
[algorithm]
algorithm_name = "minhash"
text_column = "text"
num_perm = 120
bands = 40
rows = 3
ngram_size = 3
threshold = 0.4
num_proc = 1
[output]
output_dir = "{made}/kept"
save_clusters = true
[debug]
"""


def main() -> None:
    """Write the pairs of one cluster, and the rows that go."""
    folder, output = Path(sys.argv[1]), Path(sys.argv[2])
    made = output.with_suffix("")
    rows = _space(folder / "input" / "texts.jsonl", made / "spaced.jsonl")
    (made / "config.toml").write_text(CONFIG.format(made=made))
    deduplicate(load_config_from_toml(made / "config.toml"))
    kept = set(load_from_disk(str(made / "kept"))["row"])
    clusters: dict[int, list[int]] = {}
    written = (made / "kept" / "clusters.pickle").read_bytes()
    for row, cluster in pickle.loads(written).items():  # noqa: S301 it was written just now
        clusters.setdefault(cluster, []).append(row)
    pairs = [(x, y) for members in clusters.values() for x in members for y in members if x > y]
    found = np.array(pairs, np.int64).reshape(-1, 2)
    removed = np.array(sorted(set(range(rows)) - kept), np.int64)
    np.savez(output, first=found[:, 0], second=found[:, 1], removed=removed)


def _space(source: Path, target: Path) -> int:
    """Rows with a space behind each character; how many there are."""
    rows = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as spaced:
        for line in lines:
            row = json.loads(line)
            spaced.write(json.dumps({"row": int(row["id"]), "text": " ".join(row["text"])}) + "\n")
            rows += 1
    return rows


if __name__ == "__main__":
    main()
