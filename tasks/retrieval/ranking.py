"""Rankings of passages, and of the documents they belong to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ranked = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Row numbers of passages and their scores, best first, ties by row."""

PASSAGES_A_DOCUMENT = 4
"""Passages fetched for each document wanted, and how many times more where that was not enough."""

NO_MASK = np.empty(0, np.bool_)


@dataclass(frozen=True, slots=True)
class Leg:
    """The best documents of one method, best first, ties by number: document numbers, scores, and the rows of the
    passages that earned them."""

    documents: NDArray[np.int32]
    scores: NDArray[np.float64]
    rows: NDArray[np.int64]


def no_documents() -> Leg:
    """A leg that found nothing."""
    return Leg(np.empty(0, np.int32), np.empty(0, np.float64), np.empty(0, np.int64))


def best_rows(
    scores: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None = None, above: float = -np.inf
) -> Ranked:
    """The `k` best rows that `mask` allows with a score over `above`, ties by row number."""
    from tasks.retrieval.kernels import select_best  # noqa: PLC0415 it brings numba

    return select_best(scores, NO_MASK if mask is None else mask, np.float32(above), k)


def best_documents(fetch: Callable[[int], Ranked], documents: NDArray[np.int32], count: int) -> Leg:
    """The best `count` documents by their best passage: exact, passages are fetched until no other can enter.

    Args:
        fetch: gives the best k rows and scores, best first; fewer than k only if there are no more. Asked for
            `PASSAGES_A_DOCUMENT * count` first.
        documents: the document number of each row.
        count: documents wanted; ties go to the lower number, and within a document to the lower row.
    """
    from tasks.retrieval.kernels import first_of_each  # noqa: PLC0415 it brings numba

    k = PASSAGES_A_DOCUMENT * count
    while True:
        rows, scores = fetch(k)
        first = first_of_each(rows, documents)
        if len(first) > count:
            first = first[scores[first] >= scores[first[count - 1]]]
        order = first[np.lexsort((documents[rows[first]], -scores[first]))[:count]]
        if len(rows) < k or (len(order) == count and scores[-1] < scores[order[-1]]):
            return Leg(documents[rows[order]], scores[order].astype(np.float64), rows[order])
        k *= PASSAGES_A_DOCUMENT
