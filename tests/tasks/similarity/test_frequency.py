"""Document frequencies count texts, add up over blocks and are looked up by token."""

import numpy as np
import pytest

from tasks.similarity.frequency import BUCKETS, document_frequency, require_frequency, token_frequency
from tasks.similarity.shingles import shingle

TEXTS = ["营业收入增长", "营业收入下降", "净利润增长增长", ""]


def test_a_frequency_is_the_number_of_texts_with_the_token() -> None:
    frequency = document_frequency(shingle(TEXTS, 2))
    asked = shingle(["营业", "增长", "下降", "现金"], 2).tokens
    assert [token_frequency(token, frequency) for token in asked] == [2, 2, 1, 0]
    assert frequency.sum() == shingle(TEXTS, 2).sizes.sum()


def test_frequencies_of_blocks_add_up() -> None:
    parts = [document_frequency(shingle(TEXTS[:2], 2)), document_frequency(shingle(TEXTS[2:], 2))]
    assert np.array_equal(sum(parts), document_frequency(shingle(TEXTS, 2)))
    assert parts[0].dtype == np.uint32


def test_frequencies_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match=rf"shape \(4,\), wanted \({BUCKETS},\)"):
        require_frequency(np.zeros(4, np.uint32))
