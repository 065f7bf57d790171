"""Make one ranking of two: min-max weighted scores, or weighted reciprocal ranks.

A leg maps its best items to their scores; what a leg does not hold gets nothing from it.
"""

from collections.abc import Mapping
from typing import TypeVar

ItemT = TypeVar("ItemT", int, str)

RANK_CONSTANT = 60
"""The usual constant of reciprocal rank fusion."""


def minmax(leg: Mapping[ItemT, float]) -> dict[ItemT, float]:
    """Scores stretched so that the best is 1 and the worst 0; all are 1 where they are equal."""
    if not leg:
        return {}
    low, high = min(leg.values()), max(leg.values())
    return {item: (score - low) / (high - low) if high > low else 1.0 for item, score in leg.items()}


def reciprocal_ranks(leg: Mapping[ItemT, float]) -> dict[ItemT, float]:
    """`1 / (60 + rank)` for each item, ranks from 1, ties by item."""
    return {item: 1 / (RANK_CONSTANT + rank) for rank, (item, _) in enumerate(ranked(leg), start=1)}


def weighted(first: Mapping[ItemT, float], second: Mapping[ItemT, float], alpha: float) -> dict[ItemT, float]:
    """`alpha * first + (1 - alpha) * second` over the items of both; a missing score is 0."""
    return {
        item: alpha * first.get(item, 0.0) + (1 - alpha) * second.get(item, 0.0)
        for item in sorted(first.keys() | second.keys())
    }


def ranked(scores: Mapping[ItemT, float]) -> list[tuple[ItemT, float]]:
    """Items and scores, best first, ties by item."""
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
