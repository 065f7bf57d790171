"""Documents are ranked by their best passage, exactly, however few passages are fetched at first."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.retrieval.ranking import Ranked, best_documents, best_rows


@settings(deadline=None)  # the first call compiles
@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 50),
    st.booleans(),
)
def test_the_best_rows_are_those_of_a_full_sort(values: list[tuple[int, bool]], k: int, masked: bool) -> None:
    scores = np.array([score for score, _ in values], np.float32)
    mask = np.array([shown for _, shown in values]) if masked else None
    rows, found = best_rows(scores, k, mask, above=0)
    expected = sorted(
        (-score, row) for row, (score, shown) in enumerate(values) if score and (shown or not masked)
    )[:k]
    assert [(-score, row) for row, score in zip(rows.tolist(), found.tolist(), strict=True)] == expected


def test_scores_of_zero_and_below_are_ranked_where_nothing_forbids_them() -> None:
    assert best_rows(np.array([-1.0, 0.0, -2.0], np.float32), 5)[0].tolist() == [1, 0, 2]


def test_a_score_that_is_no_number_is_never_best() -> None:
    assert best_rows(np.array([np.nan, 1.0, np.nan], np.float32), 3)[0].tolist() == [1]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), max_size=120), st.integers(1, 4))
def test_the_best_documents_are_those_of_a_full_scan(passages: list[tuple[int, int]], count: int) -> None:
    documents = np.array([document for document, _ in passages], np.int32)
    scores = np.array([score for _, score in passages], np.float32)

    def fetch(k: int) -> Ranked:
        return best_rows(scores, k)

    best: dict[int, tuple[int, int]] = {}
    for row, (document, score) in enumerate(passages):
        best[document] = min(best.get(document, (0, 0)), (-score, row))
    expected = sorted((score, document, row) for document, (score, row) in best.items())[:count]
    leg = best_documents(fetch, documents, count)
    found = zip(leg.scores.tolist(), leg.documents.tolist(), leg.rows.tolist(), strict=True)
    assert [(-score, document, row) for score, document, row in found] == expected
