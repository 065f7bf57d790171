"""Rankings of passages, and of the documents they belong to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ranked = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Row numbers of passages and their scores, best first, ties by row."""

PASSAGES_A_DOCUMENT = 4
"""Passages fetched for each document wanted, and how many times more where that was not enough."""


@dataclass(frozen=True, slots=True)
class Leg:
    """The best documents of one method: their scores and the rows of the passages that earned them."""

    scores: dict[int, float]
    rows: dict[int, int]


def best_rows(scores: NDArray[np.float32], rows: NDArray[np.int64], k: int) -> Ranked:
    """The `k` best of `rows` by their `scores`, ties by row number."""
    found = scores[rows]
    if len(rows) > k:
        enough = found >= np.partition(found, -k)[-k]
        rows, found = rows[enough], found[enough]
    order = np.lexsort((rows, -found))[:k]
    return rows[order], found[order]


def best_documents(fetch: Callable[[int], Ranked], documents: NDArray[np.int32], count: int) -> Leg:
    """The best `count` documents by their best passage: exact, passages are fetched until no other can enter.

    Args:
        fetch: gives the best k rows and scores, best first; fewer than k only if there are no more. Asked for
            `PASSAGES_A_DOCUMENT * count` first.
        documents: the document number of each row.
        count: documents wanted; ties go to the lower number, and within a document to the lower row.
    """
    k = PASSAGES_A_DOCUMENT * count
    while True:
        rows, scores = fetch(k)
        numbers, first = np.unique(documents[rows], return_index=True)
        order = np.lexsort((numbers, -scores[first]))[:count]
        best = scores[first[order]]
        if len(rows) < k or (len(best) == count and scores[-1] < best[-1]):
            break
        k *= PASSAGES_A_DOCUMENT
    chosen = zip(numbers[order].tolist(), best.tolist(), rows[first[order]].tolist(), strict=True)
    legs = [(number, score, row) for number, score, row in chosen]
    return Leg({number: score for number, score, _ in legs}, {number: row for number, _, row in legs})
