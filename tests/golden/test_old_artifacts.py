"""What an older finloom stored keeps opening: `format-1/` holds the objects of a bucket as format 1 wrote them.

These files are never rewritten; a new format gets a folder of its own beside them.
"""

from pathlib import Path

import pytest

from blocks import history
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef, Tree, UnsupportedFormat
from datasets_registry.records import Decision, Document
from tasks.runtime.parts import decode_as
from tasks.runtime.shards import ShardRecord

FORMAT_1 = Path(__file__).parent / "format-1"


@pytest.fixture
def old(store: ArtifactStore) -> ArtifactStore:
    """A bucket as an older finloom left it."""
    for path in sorted(path for path in FORMAT_1.rglob("*") if path.is_file()):
        store.put(path.relative_to(FORMAT_1).as_posix(), path.read_bytes())
    return store


def test_a_corpus_in_force_opens_with_its_rows(old: ArtifactStore) -> None:
    pointer = history.current(old, "corpus", "main")
    assert pointer is not None
    assert (pointer.target.kind, pointer.target.rows) == ("corpus", 4)
    tree = old.tree(pointer.target)
    (document,) = decode_as(old.get_blob(tree.part("documents")[0].sha256), Document)
    assert (document.id, document.published) == ("a", "2025-03-01")
    decisions = list(decode_as(old.get_blob(tree.part("decisions")[0].sha256), Decision))
    assert [decision.decision for decision in decisions] == ["kept", "duplicate", "quarantined"]
    assert old.is_whole(pointer.target)


def test_the_history_opens(old: ArtifactStore) -> None:
    (action,) = history.actions(old)
    assert action.output == history.versions(old, "corpus", "main")[0].target
    (key,) = old.keys("shards/")
    assert list(ShardRecord.from_bytes(old.get(key)[0]).files) == ["documents"]


@pytest.mark.parametrize("model", [ArtifactRef, Tree])
def test_a_newer_format_is_refused_in_one_sentence(model: type[ArtifactRef] | type[Tree]) -> None:
    with pytest.raises(UnsupportedFormat, match=r"has format 2, this finloom reads up to 1; upgrade finloom"):
        model.from_bytes(b'{"format": 2, "whatever": true}')
