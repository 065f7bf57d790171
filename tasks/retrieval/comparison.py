"""Two indexes on the same questions: each figure before and after, with the interval of its difference.

The interval is a paired bootstrap: questions are drawn with replacement, the same ones for both indexes, and the middle
95 % of the differences is kept (Efron and Tibshirani 1993, the percentile method).
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

ROUNDS = 10_000
SEED = 20261121
LEVEL = 0.95

Ranks = Mapping[str, int | None]
"""By question id, the rank from 1 of the first document that answers it; None where it was not found."""

SCORES: Mapping[str, Callable[[int], float]] = {
    "success@1": lambda rank: float(rank <= 1),
    "success@3": lambda rank: float(rank <= 3),
    "success@5": lambda rank: float(rank <= 5),
    "rr@10": lambda rank: 1 / rank if rank <= 10 else 0.0,
    "mrr": lambda rank: 1 / rank,
}


class Difference(BaseModel):
    """One figure of two indexes; `low` and `high` bound `after - before` at 95 %."""

    model_config = ConfigDict(frozen=True)

    before: float
    after: float
    difference: float
    low: float
    high: float


class Comparison(BaseModel):
    """`comparison.json`: by search method and metric, over `queries` questions asked of both indexes."""

    model_config = ConfigDict(frozen=True)

    queries: int = Field(ge=1)
    methods: dict[str, dict[str, Difference]]


def compare_ranks(before: Mapping[str, Ranks], after: Mapping[str, Ranks]) -> Comparison:
    """Compare the ranks of two evaluations, by method.

    Raises:
        ValueError: they did not ask the same questions by the same methods, or none.
    """
    asked = {method: list(ranks) for method, ranks in before.items()}
    if (
        asked != {method: list(ranks) for method, ranks in after.items()}
        or not all(asked.values())
        or not asked
    ):
        raise ValueError(
            "found two evaluations of different questions or methods, wanted the same ones in the same order; "
            "evaluate both indexes on one query set"
        )
    draws = _draws(len(next(iter(asked.values()))))
    methods = {
        method: {
            name: _difference(before[method], after[method], score, draws) for name, score in SCORES.items()
        }
        for method in asked
    }
    return Comparison(queries=draws.shape[1], methods=methods)


def _difference(
    before: Ranks, after: Ranks, score: Callable[[int], float], draws: NDArray[np.int64]
) -> Difference:
    old = np.array([score(rank) if rank else 0.0 for rank in before.values()])
    new = np.array([score(rank) if rank else 0.0 for rank in after.values()])
    low, high = np.quantile((new - old)[draws].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    figures = (old.mean(), new.mean(), (new - old).mean(), low, high)
    names = ("before", "after", "difference", "low", "high")
    return Difference(**{name: round(float(figure), 6) for name, figure in zip(names, figures, strict=True)})


def _draws(questions: int) -> NDArray[np.int64]:
    """`[ROUNDS, questions]` numbers of questions, the same for every figure."""
    return np.random.default_rng(SEED).integers(questions, size=(ROUNDS, questions))
