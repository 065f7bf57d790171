"""The shared kernels keep their answers: stored tokens, frequencies and cached machine code rely on them."""

from bisect import bisect_left

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.similarity.compiled import doubled, mix, seek


@pytest.mark.parametrize(
    ("value", "mixed"), [(0, 0), (1, 0x5692161D100B05E5), (2**64 - 1, 0xB4D055FCF2CBBD7B)]
)
def test_the_mix_stays_what_it_is(value: int, mixed: int) -> None:
    assert int(mix(np.uint64(value))) == mixed


@given(st.lists(st.integers(0, 60)).map(sorted), st.data())
@settings(deadline=None)
def test_seek_finds_the_first_place_that_is_not_below(values: list[int], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(values)))
    end = data.draw(st.integers(start, len(values)))
    wanted = data.draw(st.integers(0, 61))
    found = seek(np.array(values, np.uint64), start, end, np.uint64(wanted))
    assert found == bisect_left(values, wanted, start, end)


@pytest.mark.parametrize("size", [0, 16, 17])
def test_doubling_keeps_what_is_there(size: int) -> None:
    roomy = doubled(np.arange(size, dtype=np.int32))
    assert len(roomy) >= max(2 * size, 16)
    assert roomy[:size].tolist() == list(range(size))
