"""The accounts close, or the run fails."""

import pytest

from datasets_registry.records import Decision
from tasks.corpus.ledger import LedgerDoesNotAddUp, summarise

DECISIONS = [
    Decision("f", 1, "a", "kept"),
    Decision("f", 2, "b", "structured"),
    Decision("f", 3, "c", "filtered", "too_short"),
    Decision("f", 4, "d", "filtered", "off_topic"),
    Decision("f", 5, "e", "duplicate", layer="exact", witness="a"),
    Decision("f", 6, None, "quarantined", "invalid_json"),
]


def test_counts_every_decision_once() -> None:
    summary = summarise(6, DECISIONS, 3)
    assert (summary.kept, summary.structured, summary.retained, summary.quarantined) == (1, 1, 2, 1)
    assert summary.filtered == {"off_topic": 1, "too_short": 1}
    assert summary.duplicates == {"hash": 0, "exact": 1, "simhash": 0, "ngram": 0, "phrase": 0}


@pytest.mark.parametrize("decisions", [DECISIONS[:-1], [*DECISIONS, DECISIONS[0]]])
def test_a_line_lost_or_counted_twice_fails_the_run(decisions: list[Decision]) -> None:
    with pytest.raises(LedgerDoesNotAddUp, match="6 lines came in"):
        summarise(6, decisions, 0)
