"""Two rankings become one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.retrieval.fusion import Fusion, fuse, minmax, reciprocal_ranks
from tasks.retrieval.ranking import Leg, no_documents

WORDS, MEANING = 0, 1_000
"""The rows of the passages of either leg begin here, so that a row tells its leg."""


def leg(scores: dict[int, float], first_row: int = WORDS) -> Leg:
    """A leg of documents and scores; a document's row is its number after `first_row`."""
    order = sorted(scores, key=lambda number: (-scores[number], number))
    ordered = np.array([scores[number] for number in order], np.float64)
    return Leg(np.array(order, np.int32), ordered, np.array(order, np.int64) + first_row)


def test_minmax_stretches_scores_to_zero_and_one() -> None:
    assert minmax(leg({1: 3.0, 2: 1.0, 3: 2.0})).tolist() == [1.0, 0.5, 0.0]


def test_equal_scores_all_become_one() -> None:
    assert minmax(leg({1: 2.0, 2: 2.0})).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("how", ["minmax", "rrf", "weighted_rrf"])
def test_two_empty_legs_give_an_empty_one(how: Fusion) -> None:
    fused = fuse(no_documents(), no_documents(), how, 0.6)
    assert len(fused.documents) == len(fused.scores) == len(fused.rows) == 0


def test_reciprocal_ranks_count_from_one() -> None:
    assert reciprocal_ranks(leg({7: 9.0, 1: 5.0, 2: 5.0})).tolist() == [1 / 61, 1 / 62, 1 / 63]


LEGS = st.dictionaries(st.integers(0, 8), st.integers(-3, 3).map(float), max_size=6)


@given(LEGS, LEGS, st.sampled_from(["minmax", "rrf", "weighted_rrf"]), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_fusion_is_that_of_the_definition(
    words: dict[int, float], meaning: dict[int, float], how: Fusion, alpha: float
) -> None:
    def shares(scores: dict[int, float], weight: float) -> dict[int, float]:
        if how != "minmax":
            order = sorted(scores, key=lambda number: (-scores[number], number))
            return {number: weight * (1 / (60 + rank)) for rank, number in enumerate(order, start=1)}
        low, high = min(scores.values(), default=0), max(scores.values(), default=0)
        stretch = {n: (score - low) / (high - low) if high > low else 1.0 for n, score in scores.items()}
        return {number: weight * value for number, value in stretch.items()}

    first = shares(words, 1.0 if how == "rrf" else alpha)
    second = shares(meaning, 1.0 if how == "rrf" else 1 - alpha)
    total = {number: first.get(number, 0.0) + second.get(number, 0.0) for number in first | second}
    fused = fuse(leg(words, WORDS), leg(meaning, MEANING), how, alpha)
    assert fused.documents.tolist() == sorted(total, key=lambda number: (-total[number], number))
    assert fused.scores.tolist() == [total[number] for number in fused.documents.tolist()]
    for number, row in zip(fused.documents.tolist(), fused.rows.tolist(), strict=True):
        by_words = number in first and first[number] >= second.get(number, 0.0)
        assert row == number + (WORDS if by_words else MEANING)
