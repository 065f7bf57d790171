"""Whether an index may be put in force at all: its files, its manifest, and its answers to canary questions.

Everything that can be wrong with one is looked for before a pointer moves to it, by a flow or by hand.
"""

from pathlib import Path

from datasets_registry.artifact import Tree, UnsupportedFormat
from tasks.indexing.canary import check
from tasks.retrieval.embedder import OpenModel
from tasks.retrieval.index import Index
from tasks.retrieval.manifest import MANIFEST, Manifest, UnusableIndex

KIND = "index"
SHOWN = 5


class UnsoundIndex(ValueError):
    """An index is not what its manifest says, cannot be opened, or answers wrongly; it is not put in force."""


def open_sound(folder: Path, tree: Tree, open_model: OpenModel | None = None) -> Index:
    """Open an index of which nothing is wrong; to be closed by the caller.

    Args:
        folder: the artifact's files on this machine.
        tree: the artifact.
        open_model: opens the model of its vectors, where they come from one.

    Raises:
        UnsoundIndex: something is wrong with it; the message says what.
        ToolProblem: it needs an environment that is not installed here.
    """
    sha256 = tree.ref().sha256[:12]
    try:
        _require_described(folder, tree)
        index = Index.open(folder, intact=True, open_model=open_model)
    except (UnusableIndex, UnsupportedFormat) as error:
        raise UnsoundIndex(f"index {sha256} is not put in force: {error}") from error
    try:
        problems = check(index)
    except BaseException:
        index.close()
        raise
    if problems:
        index.close()
        raise UnsoundIndex(f"index {sha256} is not put in force: {'; '.join(problems)}")
    return index


def _require_described(folder: Path, tree: Tree) -> None:
    """Raise `UnusableIndex` unless the artifact is an index whose manifest lists its files as they are."""
    if tree.kind != KIND:
        raise UnusableIndex(f"it is no index but {tree.kind!r}; give the version of an index")
    listed = {entry.name: entry.sha256 for entry in Manifest.read(folder).files}
    held = {entry.name: entry.sha256 for entry in tree.files if entry.name != MANIFEST}
    odd = sorted(name for name in listed.keys() | held.keys() if listed.get(name) != held.get(name))
    if odd:
        raise UnusableIndex(
            f"its manifest describes other files than it has ({', '.join(odd[:SHOWN])}); build the index again"
        )
