"""The content store against a real S3 server."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocks.store import ArtifactStore, CorruptObject, MissingObject
from datasets_registry.artifact import ArtifactRef, FileEntry


def test_equal_content_has_one_address_whatever_the_order_of_its_files(store: ArtifactStore) -> None:
    first, second = store.add_file("a/0", b"one", 1), store.add_file("b/0", b"two", 2)
    assert store.publish("k", [first, second]) == store.publish("k", [second, first])
    ref = store.publish("k", [first, second])
    assert (ref.rows, ref.bytes) == (3, 6)
    assert store.tree(ref).ref() == ref


def test_equal_bytes_are_stored_once(store: ArtifactStore) -> None:
    assert store.put_blob(b"same") == store.put_blob(b"same")
    assert len(list(store.keys("blobs/"))) == 1


def test_a_conditional_put_never_overwrites(store: ArtifactStore) -> None:
    assert store.put("k", b"first", absent=True)
    assert not store.put("k", b"second", absent=True)
    assert store.get("k")[0] == b"first"


def test_a_changed_blob_is_refused(store: ArtifactStore) -> None:
    sha256 = store.put_blob(b"right")
    store.put(f"blobs/{sha256}", b"wrong")
    with pytest.raises(CorruptObject, match="damaged"):
        store.get_blob(sha256)


def test_a_damaged_download_never_appears_under_its_name(store: ArtifactStore, tmp_path: Path) -> None:
    entry = store.add_file("x", b"right")
    store.put(f"blobs/{entry.sha256}", b"wrong")
    with pytest.raises(CorruptObject):
        store.download(entry, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_an_artifact_without_one_of_its_blobs_is_not_whole(store: ArtifactStore) -> None:
    entry = store.add_file("x", b"bytes")
    ref = store.publish("k", [entry])
    assert store.is_whole(ref)
    store.client.delete_object(Bucket=store.bucket, Key=f"blobs/{entry.sha256}")
    assert not store.is_whole(ref)
    with pytest.raises(MissingObject, match="is not in bucket"):
        store.get_blob(entry.sha256)


def test_a_folder_comes_back_as_it_was(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "甲.txt").write_text("一")
    (tmp_path / "in" / "b").write_bytes(b"")
    ref = store.publish("folder", store.add_folder(tmp_path / "in"))
    copied = store.materialise(ref, tmp_path / "out")
    assert (copied / "deep" / "甲.txt").read_text() == "一"
    assert (copied / "b").read_bytes() == b""


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "", "a\\b"])
def test_no_file_of_an_artifact_can_leave_its_folder(name: str) -> None:
    with pytest.raises(ValueError, match="leaves the artifact's folder"):
        FileEntry(name=name, sha256="0" * 64, bytes=0, rows=0)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=2000))
def test_any_bytes_come_back(store: ArtifactStore, data: bytes) -> None:
    assert store.get_blob(store.put_blob(data)) == data


def test_a_missing_artifact_is_named(store: ArtifactStore) -> None:
    ref = ArtifactRef(kind="k", sha256="0" * 64, rows=0, bytes=0)
    with pytest.raises(MissingObject, match="artifacts/0000"):
        store.tree(ref)
