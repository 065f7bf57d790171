"""BM25 by Lucene, as pyserini ships it: written, opened and searched as the other engine is.

What bm25s keeps in its scores, Lucene gets with the query: k1, b and the boost of finance words.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Self

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from datasets_registry.artifact import Stored
from tasks.retrieval.config import SearchConfig
from tasks.retrieval.lucene_process import SHARED, TOOL, LuceneFailed, LuceneProcess
from tasks.retrieval.ranking import Ranked
from tasks.runtime.tools import ToolProblem, find_tool

SETTINGS = "lucene.json"
FILLER = "\x01"
"""Written for every repeat beyond the cap: no query holds it, and the passage stays as long as it is."""
DEEPER = 4
"""How many times more rows are fetched where too few of them were allowed."""


class LuceneSettings(Stored):
    """`lucene.json`: what a query needs beside Lucene's own files. `boosted` are the words that weigh `term_boost`."""

    rows: int = Field(ge=0)
    k1: float
    b: float
    term_boost: float
    boosted: tuple[str, ...] = ()


def is_installed() -> bool:
    """Whether the lucene environment is there, as locked."""
    try:
        find_tool(TOOL)
    except ToolProblem:
        return False
    return True


def write_lucene(
    folder: Path, passages: Iterable[Sequence[str]], config: SearchConfig, boosted: Collection[str] = ()
) -> int:
    """Write an index of the tokens of passages; equal tokens give equal bytes.

    Args:
        folder: made if it is not there; it must be empty.
        passages: the tokens of each passage, in the order of rows; a stream, of which nothing is kept.
        config: k1, b, the cap on repeats and the boost.
        boosted: the words whose scores are multiplied by `config.term_boost`.

    Returns:
        The number of rows.

    Raises:
        ToolProblem: the lucene environment is not installed or not as locked.
        LuceneFailed: the program ended early, or counted other rows than it was given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = 0
    with LuceneProcess("--write", str(folder.resolve())) as process:
        for tokens in passages:
            process.tell(" ".join(_capped(tokens, config.tf_cap)).encode())
            rows += 1
        written = process.hear(last=True).get("rows")
    if written != rows:
        raise LuceneFailed(f"Lucene wrote {written} rows of {rows}; build the index again")
    settings = LuceneSettings(
        rows=rows,
        k1=config.k1,
        b=config.b,
        term_boost=config.term_boost,
        boosted=tuple(sorted(boosted)) if config.term_boost != 1 else (),
    )
    (folder / SETTINGS).write_bytes(settings.to_bytes())
    return rows


class Lucene:
    """An opened Lucene index; safe to share between threads, which take turns."""

    def __init__(self, folder: Path, settings: LuceneSettings) -> None:
        """Use `open`."""
        self._folder = str(folder.resolve())
        self._settings = settings
        self._boosted = frozenset(settings.boosted)
        self.size = settings.rows
        self._given_back = False
        SHARED.take(self._folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open what `write_lucene` wrote; Java starts with the first query.

        Raises:
            ToolProblem: the lucene environment is not installed or not as locked.
            LuceneFailed: the folder has no settings, or they cannot be read.
            UnsupportedFormat: a newer finloom wrote it.
        """
        find_tool(TOOL)
        try:
            settings = LuceneSettings.from_bytes((folder / SETTINGS).read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError, ValidationError) as error:
            raise LuceneFailed(
                f"{folder / SETTINGS} is missing or damaged; fetch the index or build it again"
            ) from error
        return cls(folder, settings)

    def search(self, tokens: Sequence[str], k: int, mask: NDArray[np.bool_] | None = None) -> Ranked:
        """The best `k` rows with a score above zero, among those that `mask` allows, ties by row.

        A repeated query token counts as often as it stands there. Unknown tokens count for nothing. The mask is laid
        over Lucene's ranking, which is fetched deeper until `k` allowed rows are found or it ends: exact, and slow
        only where few rows are allowed.

        Raises:
            LuceneFailed: the index is damaged, or the process ended twice.
        """
        allowed = self.size if mask is None else int(mask.sum())
        tokens = [token for token in tokens if token]
        if not tokens or not allowed:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        fetch = min(self.size, ceil(k * self.size / allowed))
        while True:
            rows, scores = self._best(tokens, fetch)
            kept = np.ones(len(rows), np.bool_) if mask is None else mask[rows]
            if len(rows) < fetch or fetch == self.size or kept.sum() >= k:
                return rows[kept][:k], scores[kept][:k]
            fetch = min(self.size, DEEPER * fetch)

    def close(self) -> None:
        """Give the index back, once; the process ends with the last one."""
        if not self._given_back:
            self._given_back = True
            SHARED.give_back(self._folder)

    def _best(self, tokens: Sequence[str], k: int) -> Ranked:
        """The best `k` rows of all."""
        settings = self._settings
        plain = [token for token in tokens if token not in self._boosted]
        boosted = [token for token in tokens if token in self._boosted]
        groups = [(" ".join(plain), 1.0), (" ".join(boosted), settings.term_boost)]
        question = {
            "folder": self._folder,
            "rows": self.size,
            "k1": settings.k1,
            "b": settings.b,
            "groups": [(words, weight) for words, weight in groups if words],
            "k": k,
        }
        answer = SHARED.ask(question)
        if "error" in answer:
            raise LuceneFailed(
                f"Lucene cannot search in {self._folder}: {answer['error']}; fetch the index or build it again"
            )
        hits = answer["scoreDocs"]
        rows = np.array([hit["doc"] for hit in hits], np.int64)
        return rows, np.array([hit["score"] for hit in hits], np.float32)


def _capped(tokens: Sequence[str], cap: int) -> Iterator[str]:
    """The tokens, repeats beyond `cap` replaced by a filler; a cap of 0 counts all."""
    seen: Counter[str] = Counter()
    for token in tokens:
        seen[token] += 1
        yield token if not cap or seen[token] <= cap else FILLER
