"""What an engine that counts words does for an index, whichever it is."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.ranking import Ranked

SparseEngine = Literal["bm25s", "lucene"]
"""The engines, by the names that manifests use."""


class Sparse(Protocol):
    """An opened BM25 index; safe to share between threads."""

    @property
    def size(self) -> int:
        """How many rows it holds."""
        ...

    def search(self, tokens: Sequence[str], k: int, mask: NDArray[np.bool_] | None = None) -> Ranked:
        """The best `k` rows with a score above zero, among those that `mask` allows, ties by row.

        A repeated query token counts as often as it stands there. Unknown tokens count for nothing.
        """
        ...

    def close(self) -> None:
        """Give back what is held outside of this object, such as a process; it cannot be searched afterwards."""
        ...
