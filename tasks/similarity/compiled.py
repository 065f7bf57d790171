"""How the kernels are compiled, and the few that the others call.

Machine code is kept beside the source (`cache=True`), and numba compiles again only when the file of a kernel changes,
not when one that it calls from another file does. So what stands here is small and does not change its answers.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

MILLION = 1_000_000
"""Thresholds are kept as whole millionths, so that a pair at a threshold is in or out whatever the rounding."""

RADIX_BITS = 8
"""A radix sort looks at so many bits at a time."""


def kernel(function: FunctionT) -> FunctionT:
    """Compile a function of arrays and numbers at its first call; while it runs, other threads may."""
    return cast(FunctionT, njit(cache=True, nogil=True)(function))


@kernel
def mix(value: np.uint64) -> np.uint64:
    """One 64-bit number for another, every bit of it due to all bits (the finaliser of splitmix64, Stafford 13)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@kernel
def bits(value: np.uint64) -> np.uint64:
    """The number of bits set, by sums of ever wider fields, which compilers turn into vector instructions."""
    value -= (value >> np.uint64(1)) & np.uint64(0x5555555555555555)
    value = (value & np.uint64(0x3333333333333333)) + (
        (value >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (value * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel
def seek(values: NDArray[Any], start: int, end: int, wanted: Any) -> int:  # noqa: ANN401 a number of any type
    """The first place in ascending `values[start:end]` that is not below `wanted`, or `end`.

    Steps double from `start`, so a walk by `seek` costs no more than a merge where two lists are alike and next to
    nothing where one is much longer.
    """
    step = 1
    while start + step < end and values[start + step] < wanted:
        start += step
        step *= 2
    end = min(end, start + step)
    while start < end:
        middle = (start + end) // 2
        if values[middle] < wanted:
            start = middle + 1
        else:
            end = middle
    return start


@kernel
def doubled(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """The values with as much room again behind them."""
    roomy = np.empty(max(2 * len(values), 16), np.int32)
    roomy[: len(values)] = values
    return roomy


@kernel
def sort_by_byte(
    keys: NDArray[np.uint32],
    values: NDArray[Any],
    shift: int,
    to_keys: NDArray[np.uint32],
    to_values: NDArray[Any],
) -> None:
    """One pass of a radix sort: keys and their values, by the byte of the keys at `shift`, equal ones as they stand."""
    following = np.zeros(1 << RADIX_BITS, np.int32)
    byte = np.uint32((1 << RADIX_BITS) - 1)
    for key in keys:
        following[(key >> np.uint32(shift)) & byte] += 1
    before = 0
    for value in range(len(following)):
        held = following[value]
        following[value] = before
        before += held
    for place, key in enumerate(keys):
        value = (key >> np.uint32(shift)) & byte
        entry = following[value]
        following[value] += 1
        to_keys[entry] = key
        to_values[entry] = values[place]
