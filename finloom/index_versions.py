"""What `finloom versions index` does beyond files: an index is opened and asked before a pointer moves to it."""

import tempfile
from pathlib import Path

from blocks.store import ArtifactStore, CorruptObject, MissingObject, local_copy
from datasets_registry.artifact import ArtifactRef, UnsupportedFormat
from tasks.indexing.difference import IndexDifference, index_difference
from tasks.indexing.soundness import UnsoundIndex, open_sound
from tasks.retrieval.manifest import MANIFEST, Manifest
from tasks.runtime.encoder import EncoderFailed, Encoders
from tasks.runtime.tools import ToolProblem

REFUSALS = (UnsoundIndex, MissingObject, CorruptObject, UnsupportedFormat, ToolProblem, EncoderFailed)
"""Why an index may not be put in force; their messages say what was found and what to do."""


def require_sound(store: ArtifactStore, ref: ArtifactRef) -> None:
    """Fetch every byte of an index from the store, open it and ask it its canary questions; raises `REFUSALS`.

    This machine's copy is not looked at: what others will fetch is in the store.
    """
    with tempfile.TemporaryDirectory() as scratch, Encoders(store) as encoders:
        folder = store.materialise(ref, Path(scratch))
        open_sound(folder, store.tree(ref), encoders.open).close()


def require_present(store: ArtifactStore, sha256: str) -> None:
    """What a rollback looks at, in a moment: every file is in the store, and the manifest can be read here.

    The version was sound when it was put in force, and its files cannot be overwritten. Raises `REFUSALS`.
    """
    tree = store.tree(sha256)
    if not store.is_whole(tree.ref()):
        raise MissingObject(
            f"index {sha256[:12]} is not whole in the store; promote another version, or build it again"
        )
    with tempfile.TemporaryDirectory() as scratch:
        for entry in tree.files:
            if entry.name == MANIFEST:
                store.download(entry, Path(scratch) / MANIFEST)
        try:
            Manifest.read(Path(scratch))
        except ValueError as error:
            raise UnsoundIndex(f"index {sha256[:12]} is not put in force: {error}") from error


def difference(store: ArtifactStore, old: ArtifactRef, new: ArtifactRef) -> IndexDifference:
    """How two indexes differ in settings and documents, by this machine's copies; raises `REFUSALS`."""
    try:
        return index_difference(local_copy(store, old), local_copy(store, new))
    except ValueError as error:
        raise UnsoundIndex(str(error)) from error
