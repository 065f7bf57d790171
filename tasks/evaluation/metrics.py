"""How good a ranking is: success at k and reciprocal rank, from the rank of the first relevant document."""

from collections.abc import Collection, Sequence


def first_rank(ranking: Sequence[str], gold: Collection[str]) -> int | None:
    """The rank, from 1, of the first document that is gold; None if none is."""
    return next((rank for rank, document in enumerate(ranking, start=1) if document in gold), None)


def success_at(k: int, ranks: Sequence[int | None]) -> float:
    """The share of queries with a relevant document among the first `k` (the user's Top3@acc, Top5@acc)."""
    return _mean([float(rank is not None and rank <= k) for rank in ranks])


def rr_at(k: int, ranks: Sequence[int | None]) -> float:
    """The mean of 1 / rank, taken as 0 where no relevant document is among the first `k` (MRR@10 for 10)."""
    return _mean([1 / rank if rank is not None and rank <= k else 0.0 for rank in ranks])


def mrr(ranks: Sequence[int | None]) -> float:
    """The mean reciprocal rank without a cut-off of its own: as deep as the rankings were."""
    return _mean([1 / rank if rank is not None else 0.0 for rank in ranks])


def _mean(values: Sequence[float]) -> float:
    if not values:
        raise ValueError(
            "found no queries to average over, wanted at least one; give a query set that is not empty"
        )
    return sum(values) / len(values)
