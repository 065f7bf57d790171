"""Every pair of texts that is alike, found by comparing all with all.

    python benchmarks/dedup/truth.py FOLDER

reads the normalised texts of FOLDER and writes `truth.npz`: rows `first > second`, and which rules the pair meets.
Overlaps of 3-grams are a sparse matrix times itself (scipy), which has nothing in common with the joins. Phrases come
from our own join, which tests hold to its definition: they only excuse removals, by whichever tool.
"""

import argparse
from pathlib import Path

import numpy as np
from corpus import read_keys
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.dedup.features import DIGITS
from tasks.similarity.phrases import build_phrase_index, probe_phrases
from tasks.similarity.shingles import Shingles, code_points, shingle

AT_ONCE = 500
JACCARD, CONTAINMENT = 0.4, 0.8


def main() -> None:
    """Compare all texts of FOLDER."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    keys = read_keys(folder)
    first, second, jaccard, containment = all_pairs(shingle(keys, 3))
    masked = [DIGITS.sub("0", key) for key in keys]
    covered = probe_phrases(build_phrase_index([shingle(masked, 8)]), code_points(masked))
    own = covered.x == covered.y
    x, y = covered.x[~own].astype(np.int64), covered.y[~own].astype(np.int64)
    np.savez(
        folder / "truth.npz",
        first=first,
        second=second,
        by_jaccard=jaccard >= JACCARD,
        by_containment=containment >= CONTAINMENT,
        covered_first=np.maximum(x, y),
        covered_second=np.minimum(x, y),
    )


def all_pairs(
    texts: Shingles,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Rows, Jaccard and containment of the smaller of every pair at one of the thresholds."""
    distinct, columns = np.unique(texts.tokens, return_inverse=True)
    ones = np.ones(len(columns), np.int32)
    shape = (len(texts), len(distinct))
    matrix = csr_array((ones, columns.astype(np.int32), texts.offsets.astype(np.int32)), shape=shape)
    found = []
    for start in range(0, len(texts), AT_ONCE):
        end = min(start + AT_ONCE, len(texts))
        product = (matrix[start:end] @ matrix[:end].T).tocoo()
        x, y, shared = product.row.astype(np.int64) + start, product.col.astype(np.int64), product.data
        jaccard = shared / (texts.sizes[x] + texts.sizes[y] - shared)
        containment = shared / np.minimum(texts.sizes[x], texts.sizes[y])
        alike = (x > y) & ((jaccard >= JACCARD) | (containment >= CONTAINMENT))
        found.append((x[alike], y[alike], jaccard[alike], containment[alike]))
    first, second, jaccard, containment = (np.concatenate(column) for column in zip(*found, strict=True))
    return first, second, jaccard, containment


if __name__ == "__main__":
    main()
