"""Which engine counts the words of an index: Lucene or bm25s, written and opened alike."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from tasks.retrieval.bm25 import Bm25, write_bm25
from tasks.retrieval.config import SearchConfig
from tasks.retrieval.lucene import Lucene, is_installed, write_lucene
from tasks.retrieval.sparse import Sparse, SparseEngine


def settled(search: SearchConfig) -> SearchConfig:
    """The settings with the engine that `auto` stands for on this machine; what is cached by them is by that engine."""
    if search.engine != "auto":
        return search
    return search.model_copy(update={"engine": "lucene" if is_installed() else "bm25s"})


def write_sparse(
    folder: Path, passages: Iterable[Sequence[str]], search: SearchConfig, boosted: Collection[str]
) -> tuple[SparseEngine, int]:
    """Write an index of the tokens of passages, a stream of which nothing is kept.

    Args:
        folder: made if it is not there.
        passages: the tokens of each passage, in the order of rows.
        search: the engine, of which `auto` is bm25s since nothing was `settled`, and its options.
        boosted: the words whose scores are multiplied by `search.term_boost`.

    Returns:
        The engine and the number of passages.
    """
    if search.engine == "lucene":
        return "lucene", write_lucene(folder, passages, search, boosted)
    return "bm25s", write_bm25(folder, passages, search, boosted)


def open_sparse(engine: SparseEngine, folder: Path) -> Sparse:
    """Open what `write_sparse` wrote; raises what the engine does of a damaged folder."""
    return Lucene.open(folder) if engine == "lucene" else Bm25.open(folder)
