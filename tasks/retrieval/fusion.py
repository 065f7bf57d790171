"""Make one ranking of two: min-max scores, weighted, or reciprocal ranks, weighted or not.

A leg gives its documents something between nothing and one; what a leg does not hold gets nothing from it.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.ranking import Leg

Fusion = Literal["minmax", "rrf", "weighted_rrf"]

TINY = 1e-12
RANK_CONSTANT = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Buettcher 2009)."""


def minmax(leg: Leg) -> NDArray[np.float64]:
    """Scores stretched so that the best is 1 and the worst 0; all are 1 where they are equal."""
    if not len(leg.scores):
        return leg.scores
    low, high = leg.scores[-1], leg.scores[0]
    return (leg.scores - low) / (high - low) if high > low else np.ones_like(leg.scores)


def reciprocal_ranks(leg: Leg) -> NDArray[np.float64]:
    """`1 / (60 + rank)` for each document, ranks from 1."""
    return 1 / (RANK_CONSTANT + np.arange(1, len(leg.scores) + 1, dtype=np.float64))


def fuse(words: Leg, meaning: Leg, how: Fusion, alpha: float) -> Leg:
    """The documents of both legs by what both give them, best first, ties by number.

    Args:
        words: the BM25 leg.
        meaning: the dense leg.
        how: `minmax` and `weighted_rrf` give `alpha * words + (1 - alpha) * meaning`, `rrf` the plain sum.
        alpha: weight of BM25.

    Returns:
        Each document with the passage of the leg that gave it more, of BM25 where they gave the same.
    """
    from tasks.retrieval.kernels import add_rankings  # noqa: PLC0415 it brings numba

    given = minmax if how == "minmax" else reciprocal_ranks
    shares = (1.0, 1.0) if how == "rrf" else (alpha, 1 - alpha)
    by_words, by_meaning = shares[0] * given(words), shares[1] * given(meaning)
    return Leg(
        *add_rankings(words.documents, by_words, words.rows, meaning.documents, by_meaning, meaning.rows)
    )


def placed(scores: NDArray[np.float64], words: NDArray[np.float64], how: Fusion) -> NDArray[np.float64]:
    """What fusion would give documents of another index by their BM25 scores, as if their vectors said the same.

    Args:
        scores: theirs, best first.
        words: the BM25 leg that was fused, best first: the best of it is 1 and the worst 0, or they are its ranks.
        how: how it was fused.
    """
    if how == "minmax":
        high, low = (words[0], words[-1]) if len(words) else (scores.max(initial=0), 0.0)
        if high == low:
            low = 0.0
        return np.asarray(np.maximum((scores - low) / max(high - low, TINY), 0.0))
    ranks = 1 + np.searchsorted(-words, -scores, side="left") + np.arange(len(scores))
    share = 2.0 if how == "rrf" else 1.0
    return share / (RANK_CONSTANT + ranks)
