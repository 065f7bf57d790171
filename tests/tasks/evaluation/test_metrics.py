"""Our metrics are those of trec_eval."""

import random

import pytest
import pytrec_eval

from tasks.evaluation.metrics import first_rank, mrr, rr_at, success_at


def test_ranks_count_from_one_and_the_first_gold_document_decides() -> None:
    assert first_rank(["a", "b", "c"], {"c", "b"}) == 2
    assert first_rank(["a", "b"], {"z"}) is None
    assert first_rank([], {"z"}) is None


def test_the_metrics_of_a_small_example() -> None:
    ranks = [1, 3, None, 12]
    assert success_at(1, ranks) == 0.25
    assert success_at(3, ranks) == 0.5
    assert rr_at(10, ranks) == pytest.approx((1 + 1 / 3) / 4)
    assert mrr(ranks) == pytest.approx((1 + 1 / 3 + 1 / 12) / 4)


def test_no_queries_have_no_mean() -> None:
    with pytest.raises(ValueError, match="found no queries"):
        mrr([])


def test_they_equal_trec_eval_on_random_rankings() -> None:
    rng = random.Random(1)
    documents = [f"d{number}" for number in range(40)]
    gold = {f"q{n}": set(rng.sample(documents, rng.randint(1, 4))) for n in range(200)}
    rankings = {query: rng.sample(documents, rng.randint(1, 30)) for query in gold}
    judged = pytrec_eval.RelevanceEvaluator(
        {query: dict.fromkeys(names, 1) for query, names in gold.items()}, {"success.1,3,5", "recip_rank"}
    ).evaluate(
        {query: {name: -float(rank) for rank, name in enumerate(names)} for query, names in rankings.items()}
    )
    ranks = [first_rank(rankings[query], gold[query]) for query in gold]
    for k in (1, 3, 5):
        assert success_at(k, ranks) == pytest.approx(
            sum(row[f"success_{k}"] for row in judged.values()) / 200
        )
    assert mrr(ranks) == pytest.approx(sum(row["recip_rank"] for row in judged.values()) / 200)
    cut = [rank if rank is not None and rank <= 10 else None for rank in ranks]
    assert rr_at(10, ranks) == mrr(cut)
