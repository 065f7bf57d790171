"""Documents are ranked by their best passage, exactly, however few passages are fetched at first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.retrieval.ranking import Ranked, best_documents, best_rows


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 12))
def test_the_best_rows_are_those_of_a_full_sort(values: list[int], k: int) -> None:
    scores = np.array(values, np.float32)
    rows, found = best_rows(scores, np.flatnonzero(scores > 0), k)
    expected = sorted((-score, row) for row, score in enumerate(values) if score)[:k]
    assert [(-score, row) for row, score in zip(rows.tolist(), found.tolist(), strict=True)] == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), max_size=120), st.integers(1, 4))
def test_the_best_documents_are_those_of_a_full_scan(passages: list[tuple[int, int]], count: int) -> None:
    documents = np.array([document for document, _ in passages], np.int32)
    scores = np.array([score for _, score in passages], np.float32)

    def fetch(k: int) -> Ranked:
        return best_rows(scores, np.arange(len(scores)), k)

    best: dict[int, tuple[int, int]] = {}
    for row, (document, score) in enumerate(passages):
        best[document] = min(best.get(document, (0, 0)), (-score, row))
    expected = sorted((score, document, row) for document, (score, row) in best.items())[:count]
    leg = best_documents(fetch, documents, count)
    assert list(leg.scores.items()) == [(document, -score) for score, document, _ in expected]
    assert leg.rows == {document: row for _, document, row in expected}
