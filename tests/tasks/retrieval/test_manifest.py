"""An index that this program cannot read rightly is refused in words."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import pytest

from datasets_registry.artifact import UnsupportedFormat
from datasets_registry.records import Document
from tasks.retrieval.index import Index
from tasks.retrieval.manifest import MANIFEST, Manifest, UnusableIndex

DOCUMENTS = [
    Document(f"d{n}", f"第{n}家银行公布净利润。", f"公告{n}", "2024-01-01", "site", {}) for n in range(3)
]


@pytest.fixture
def folder(write_index: Callable[..., Path]) -> Path:
    return write_index(DOCUMENTS)


def change(folder: Path, **fields: object) -> None:
    path = folder / MANIFEST
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | fields))


def test_a_sound_index_opens_also_when_every_checksum_is_compared(folder: Path) -> None:
    assert Index.open(folder, intact=True).manifest == Manifest.read(folder)


def test_a_folder_without_a_manifest_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(UnusableIndex, match=r"has no manifest\.json; give the folder of an index"):
        Index.open(tmp_path)


def test_a_newer_format_is_refused(folder: Path) -> None:
    change(folder, format=2)
    with pytest.raises((UnusableIndex, UnsupportedFormat), match="upgrade finloom"):
        Index.open(folder)


def test_an_unknown_engine_is_refused(folder: Path) -> None:
    change(folder, engine="telepathy")
    with pytest.raises(UnusableIndex, match="engine"):
        Index.open(folder)


def test_an_index_of_another_dictionary_is_refused(folder: Path) -> None:
    change(folder, dictionary_sha256="0" * 64)
    with pytest.raises(UnusableIndex, match="dictionary 000000000000"):
        Index.open(folder)


def test_an_index_of_another_tokenizer_is_refused(folder: Path) -> None:
    change(folder, tokenizer_sha256="0" * 64)
    with pytest.raises(UnusableIndex, match="tokenized as 000000000000"):
        Index.open(folder)


def test_vectors_of_another_embedder_are_refused(folder: Path) -> None:
    change(folder, embedding={"kind": "hash", "dimensions": 512})
    with pytest.raises(UnusableIndex, match="has 1024 dimensions, the embedder of the manifest gives 512"):
        Index.open(folder)


def test_a_file_that_is_missing_or_cut_short_is_named(folder: Path) -> None:
    (folder / "dense.faiss").write_bytes(b"short")
    with pytest.raises(UnusableIndex, match=r"dense\.faiss has 5 bytes"):
        Index.open(folder)
    (folder / "dense.faiss").unlink()
    with pytest.raises(UnusableIndex, match=r"dense\.faiss has no bytes"):
        Index.open(folder)


def test_a_file_with_a_flipped_byte_is_named(folder: Path) -> None:
    path = folder / "passages.arrow"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(UnusableIndex, match=r"passages\.arrow has checksum"):
        Index.open(folder, intact=True)


def test_an_index_of_the_layout_before_this_one_is_refused(folder: Path) -> None:
    """The manifest of layout 1 did not say so, and its folder had no labels."""
    path = folder / MANIFEST
    fields = orjson.loads(path.read_bytes())
    path.write_bytes(
        orjson.dumps({name: fields[name] for name in fields.keys() - {"layout", "dense_recall"}})
    )
    (folder / "labels.npy").unlink()
    with pytest.raises(
        UnusableIndex, match=r"the index has layout 1, this finloom reads layout 2; .* build the index again"
    ):
        Index.open(folder)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b"{}"])
def test_a_manifest_that_is_none_is_refused(folder: Path, data: bytes) -> None:
    (folder / MANIFEST).write_bytes(data)
    with pytest.raises(UnusableIndex, match=r"manifest\.json cannot be read: .*build the index again"):
        Index.open(folder)


@pytest.mark.parametrize(
    "name",
    [
        "passages.arrow",
        "documents.npy",
        "days.npy",
        "labels.npy",
        "labels.json",
        "dense.faiss",
        "bm25/vocab.index.json",
    ],
)
def test_a_part_that_is_noise_is_refused_also_without_comparing_checksums(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(b"\x07" * path.stat().st_size)
    with pytest.raises(UnusableIndex, match="the index is damaged, fetch or build it again"):
        Index.open(folder)


def test_an_index_whose_manifest_lists_no_files_is_refused(folder: Path) -> None:
    change(folder, files=[])
    (folder / "days.npy").unlink()
    with pytest.raises(UnusableIndex, match=r"days\.npy.*the index is damaged"):
        Index.open(folder)


def test_a_file_that_the_manifest_does_not_name_is_refused_with_all_others_intact(folder: Path) -> None:
    Index.open(folder, intact=True).close()
    change(folder, files=[])
    with pytest.raises(UnusableIndex, match="files that its manifest does not name"):
        Index.open(folder, intact=True)


def test_passages_of_other_documents_than_the_manifest_counts_are_refused(folder: Path) -> None:
    numbers = np.load(folder / "documents.npy")
    np.save(folder / "documents.npy", np.zeros_like(numbers))
    with pytest.raises(UnusableIndex, match="are of 1 documents, the manifest says"):
        Index.open(folder)
