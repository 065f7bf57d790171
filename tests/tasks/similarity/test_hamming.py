"""The Hamming join finds exactly what comparing every pair of hashes finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.similarity.hamming import Pairs, hamming_join
from tasks.similarity.simhash import distance


def hashes(seed: int, count: int) -> NDArray[np.uint64]:
    """Hashes near one of three, with equal ones among them."""
    draw = np.random.default_rng(seed)
    centres = draw.integers(0, 2**64, 3, np.uint64)
    flips = np.zeros(count, np.uint64)
    for _ in range(12):
        flip = np.uint64(1) << draw.integers(0, 64, count, np.uint64)
        flips ^= flip * (draw.random(count) < 0.5).astype(np.uint64)
    flips[draw.random(count) < 0.2] = 0
    return centres[draw.integers(0, 3, count)] ^ flips


def pairs(found: Pairs) -> list[tuple[int, int]]:
    return list(zip(found.x.tolist(), found.y.tolist(), strict=True))


@given(st.integers(0, 2**32), st.integers(0, 16), st.integers(0, 90), st.integers(0, 700))
@settings(deadline=None, max_examples=60)
def test_the_join_is_that_of_every_pair(seed: int, radius: int, left: int, right: int) -> None:
    a, b = hashes(seed, left), hashes(seed, right)
    near = np.argwhere(distance(a[:, None], b) <= radius)
    assert pairs(hamming_join(a, b, radius)) == [(x, y) for x, y in near.tolist()]
    within = np.argwhere(np.tril(distance(b[:, None], b) <= radius, -1))
    assert pairs(hamming_join(b, None, radius)) == [(x, y) for x, y in within.tolist()]


def test_ten_thousand_equal_hashes_make_their_pairs_and_no_more() -> None:
    found = hamming_join(np.full(10_000, 7, np.uint64), None, 8)
    assert len(found) == 10_000 * 9_999 // 2
    assert pairs(Pairs(found.x[-2:], found.y[-2:])) == [(9999, 9997), (9999, 9998)]


@pytest.mark.parametrize("radius", [-1, 17])
def test_a_radius_out_of_bounds_is_refused(radius: int) -> None:
    with pytest.raises(ValueError, match=f"radius of {radius} bits, wanted one from 0 to 16"):
        hamming_join(np.zeros(1, np.uint64), None, radius)
