"""The interval of a difference is that of a paired bootstrap: tight where questions agree, wide where they do not."""

import random

import numpy as np
import pytest

from tasks.retrieval.comparison import Ranks, compare_ranks


def ranks(*values: int | None) -> dict[str, Ranks]:
    return {"dense": {f"q{number}": rank for number, rank in enumerate(values)}}


def test_figures_are_the_means_over_questions() -> None:
    figure = compare_ranks(ranks(1, 4, None, 20), ranks(1, 2, 5, 4)).methods["dense"]
    assert (figure["success@1"].before, figure["success@1"].after) == (0.25, 0.25)
    assert (figure["success@5"].before, figure["success@5"].after) == (0.5, 1.0)
    assert figure["rr@10"].before == pytest.approx((1 + 1 / 4) / 4)
    assert figure["mrr"].before == pytest.approx((1 + 1 / 4 + 1 / 20) / 4, abs=1e-6)


def test_equal_indexes_differ_by_nothing() -> None:
    figure = compare_ranks(ranks(1, None, 7), ranks(1, None, 7)).methods["dense"]["mrr"]
    assert (figure.difference, figure.low, figure.high) == (0, 0, 0)


def test_the_same_gain_on_every_question_has_no_width() -> None:
    figure = compare_ranks(ranks(*[2] * 30), ranks(*[1] * 30)).methods["dense"]["rr@10"]
    assert (figure.low, figure.difference, figure.high) == (0.5, 0.5, 0.5)


def test_the_interval_is_near_that_of_the_normal_distribution() -> None:
    chance = random.Random(3)
    old, new = ([chance.choice((1, 2, 5, None)) for _ in range(400)] for _ in range(2))
    figure = compare_ranks(ranks(*old), ranks(*new)).methods["dense"]["success@1"]
    apart = np.array([(b == 1) - (a == 1) for a, b in zip(old, new, strict=True)], float)
    half = 1.96 * apart.std() / np.sqrt(400)
    assert figure.low == pytest.approx(apart.mean() - half, abs=0.006)
    assert figure.high == pytest.approx(apart.mean() + half, abs=0.006)


def test_other_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="evaluate both indexes on one query set"):
        compare_ranks(ranks(1, 2), ranks(1, 2, 3))
    with pytest.raises(ValueError, match="wanted the same ones"):
        compare_ranks({"dense": {}}, {"dense": {}})
