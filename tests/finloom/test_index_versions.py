"""No damaged index is put in force, by hand or by a flow; the pointer stays where it is and the refusal says why."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import pytest
import typer

from blocks.history import current, promote
from blocks.s3 import S3Settings
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Document
from finloom.versions import versions
from tasks.indexing.config import IndexConfig
from tasks.retrieval.manifest import MANIFEST, file_sha256
from tests.tasks.conftest import WriteIndex, write_index

__all__ = ["write_index"]

Damage = Callable[[Path], object]


def documents(first: int = 0, turned: int = 0) -> list[Document]:
    """Forty documents; with `turned` each has the text of one so many places on."""
    numbers = [first + (n + turned) % 40 for n in range(40)]
    return [
        Document(
            f"d{first + n}", f"第{number * 7919}号文件，作出安排。", f"编号{number * 7919}", None, "s", {}
        )
        for n, number in enumerate(numbers)
    ]


@pytest.fixture(autouse=True)
def place(s3_settings: S3Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line finds the store of this test."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MINIO_ENDPOINT", s3_settings.endpoint)
    monkeypatch.setenv("MINIO_ROOT_USER", s3_settings.access_key)
    monkeypatch.setenv("MINIO_ROOT_PASSWORD", s3_settings.secret_key.get_secret_value())
    monkeypatch.setenv("FINLOOM_BUCKET", s3_settings.bucket)


@pytest.fixture(scope="module")
def sound(write_index: WriteIndex) -> Path:
    return write_index(documents())


@pytest.fixture(scope="module")
def other(write_index: WriteIndex) -> Path:
    """Another sound index, of as many passages."""
    return write_index(documents(turned=1))


def publish(store: ArtifactStore, folder: Path, kind: str = "index") -> ArtifactRef:
    return store.publish(kind, store.add_folder(folder))


def refused(capsys: pytest.CaptureFixture[str], store: ArtifactStore, action: str, ref: ArtifactRef) -> str:
    """What `versions index ACTION` says to standard error; it ends with exit code 1 and moves nothing."""
    before = current(store, "index", "main")
    with pytest.raises(typer.Exit) as end:
        versions("index", action, [ref.sha256] if action != "rollback" else None)
    assert end.value.exit_code == 1
    assert current(store, "index", "main") == before
    said = capsys.readouterr().err
    assert said.startswith("finloom: ") and said.count("\n") == 1
    return said


def changed(**fields: object) -> Damage:
    """The manifest with other values, files and all else as they were."""

    def damage(folder: Path) -> None:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
        (folder / MANIFEST).write_bytes(orjson.dumps(manifest | fields))

    return damage


def described(damage: Damage) -> Damage:
    """Damage after which the manifest is made to fit: only what the files hold gives it away."""

    def both(folder: Path) -> None:
        damage(folder)
        files = [
            {
                "name": path.relative_to(folder).as_posix(),
                "sha256": file_sha256(path),
                "bytes": path.stat().st_size,
                "rows": 0,
            }
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != MANIFEST
        ]
        changed(files=files)(folder)

    return both


def shorter(name: str) -> Damage:
    def damage(folder: Path) -> None:
        np.save(folder / name, np.load(folder / name)[..., :-1])

    return damage


def filled(name: str, data: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(data)


def swapped(one: str, two: str) -> Damage:
    def damage(folder: Path) -> None:
        first, second = (folder / name for name in (one, two))
        held = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(held)

    return damage


def flipped(name: str) -> Damage:
    def damage(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)

    return damage


def cut(name: str) -> Damage:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-7])


HASH_256 = {"kind": "hash", "dimensions": 256}
VARIANTS: dict[str, tuple[Damage, str]] = {
    "no manifest": (lambda folder: (folder / MANIFEST).unlink(), "has no manifest.json"),
    "manifest of no JSON": (cut(MANIFEST), "cannot be read"),
    "newer format": (changed(format=2), "upgrade finloom"),
    "other layout": (changed(layout=99), "layout 99"),
    "other tokenizer": (changed(tokenizer_sha256="f" * 64), "tokenized as ffffffffffff"),
    "other dictionary": (changed(dictionary_sha256="e" * 64), "dictionary eeeeeeeeeeee"),
    "other dimension": (changed(embedding=HASH_256), "dimensions"),
    "model not in the store": (
        changed(embedding={"kind": "model", "model_sha256": "a" * 64, "dimensions": 1024, "instruction": ""}),
        "a{64}|swift",
    ),
    "other engine": (changed(engine="lucene"), "engine|lucene|cannot be opened"),
    "unknown engine": (changed(engine="grep"), "engine"),
    "unknown setting": (changed(surprise=1), "surprise"),
    "other number of passages": (changed(passages=3), "the manifest says 3"),
    "fewer files listed": (changed(files=[]), "describes other files"),
    "file beside those listed": (filled("extra.bin", b"x"), "extra.bin"),
    "days cut, manifest fits": (described(shorter("days.npy")), "cannot|holds|days"),
    "documents cut, manifest fits": (described(shorter("documents.npy")), "holds|documents"),
    "labels cut, manifest fits": (described(shorter("labels.npy")), "labels|holds"),
    "array of no numbers, manifest fits": (described(filled("days.npy", b"none")), "cannot be opened"),
    "vectors of noise, manifest fits": (described(filled("dense.faiss", b"\0" * 99)), "cannot be opened"),
    "passages of noise, manifest fits": (described(filled("passages.arrow", b"\0" * 99)), "cannot be opened"),
    "words of noise, manifest fits": (described(filled("bm25/vocab.index.json", b"{")), "cannot be opened"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_damaged_index_is_refused(
    store: ArtifactStore, sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], variant: str
) -> None:
    damage, said = VARIANTS[variant]
    bad = publish(store, damaged(sound, tmp_path, damage))
    promote(store, "index", "main", bad, {})
    promote(store, "index", "main", publish(store, sound), {})
    for action in ("verify", "promote"):
        assert re.search(said, refused(capsys, store, action, bad))


FILES = (
    "bm25/data.csc.index.npy",
    "bm25/indices.csc.index.npy",
    "bm25/indptr.csc.index.npy",
    "bm25/params.index.json",
    "bm25/vocab.index.json",
    "days.npy",
    "dense.faiss",
    "documents.npy",
    "labels.json",
    "labels.npy",
    "passages.arrow",
)
HARMS: dict[str, Callable[[str], Damage]] = {
    "truncated": cut,
    "flipped": flipped,
    "empty": lambda name: filled(name, b""),
    "missing": lambda name: lambda folder: (folder / name).unlink(),
    "swapped": lambda name: swapped(name, FILES[FILES.index(name) - 1]),
}


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("name", FILES)
def test_an_index_with_one_damaged_file_is_refused(
    store: ArtifactStore,
    sound: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    harm: str,
) -> None:
    bad = publish(store, damaged(sound, tmp_path, HARMS[harm](name)))
    promote(store, "index", "main", bad, {})
    promote(store, "index", "main", publish(store, sound), {})
    assert name in refused(capsys, store, "promote", bad)


@pytest.mark.parametrize("name", ["bm25", "dense.faiss", "passages.arrow"])
def test_parts_of_another_index_are_found_out_by_the_canaries(
    store: ArtifactStore,
    sound: Path,
    write_index: WriteIndex,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """Every file is whole and listed; they only do not belong together."""
    theirs = write_index(documents(turned=20))

    def exchange(folder: Path) -> None:
        for path in [theirs / name] if (theirs / name).is_file() else list((theirs / name).iterdir()):
            shutil.copy(path, folder / path.relative_to(theirs))
        if name == "dense.faiss":
            shutil.copy(theirs / "dense.columns.npy", folder)

    bad = publish(store, damaged(sound, tmp_path, described(exchange)))
    promote(store, "index", "main", bad, {})
    promote(store, "index", "main", publish(store, sound), {})
    assert "their own document" in refused(capsys, store, "promote", bad)


def test_what_the_store_lost_or_changed_is_refused_by_a_rollback_too(
    store: ArtifactStore, sound: Path, other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = publish(store, sound), publish(store, other)
    promote(store, "index", "main", bad, {})
    promote(store, "index", "main", good, {})
    blob = f"blobs/{store.tree(bad).file('passages.arrow').sha256}"
    data, _ = store.get(blob)
    store.put(blob, data[:-1])
    assert "changed or damaged" in refused(capsys, store, "promote", bad)
    store.client.delete_object(Bucket=store.bucket, Key=blob)
    assert "not in bucket" in refused(capsys, store, "promote", bad)
    assert "not whole" in refused(capsys, store, "rollback", bad)


def test_what_is_no_index_is_refused(
    store: ArtifactStore, sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = publish(store, sound, "corpus")
    promote(store, "index", "main", bad, {})
    promote(store, "index", "main", publish(store, sound), {})
    assert "no index but 'corpus'" in refused(capsys, store, "promote", bad)


def test_sound_versions_are_verified_compared_promoted_and_rolled_back(
    store: ArtifactStore, sound: Path, write_index: WriteIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    grown = write_index(
        documents() + documents(first=50), IndexConfig.model_validate({"search": {"alpha": 0.8}})
    )
    old, new = publish(store, sound), publish(store, grown)
    promote(store, "index", "main", old, {})
    promote(store, "index", "main", new, {})
    versions("index", "verify", [old.sha256, new.sha256])
    assert "canary questions are answered" in capsys.readouterr().out
    versions("index", "diff", [old.sha256, new.sha256], as_json=True)
    index = json.loads(capsys.readouterr().out)["index"]
    assert (index["documents_added"], index["documents_removed"]) == (40, 0)
    assert index["settings"]["search.alpha"] == [0.6, 0.8]
    assert index["settings"]["documents"] == [40, 80]
    versions("index", "promote", [old.sha256[:12]])
    pointer = current(store, "index", "main")
    assert pointer and pointer.target == old and pointer.evidence == {"by_hand": True, "canaries": "passed"}
    versions("index", "rollback")
    pointer = current(store, "index", "main")
    assert pointer and pointer.target == new


def damaged(sound: Path, tmp_path: Path, damage: Damage) -> Path:
    folder = tmp_path / "bad"
    shutil.copytree(sound, folder)
    damage(folder)
    return folder
