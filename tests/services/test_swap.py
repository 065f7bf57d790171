"""A newly published version takes over without a failed or a mixed answer; a damaged one never does."""

import shutil
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import numpy as np
import orjson
import psutil
import pytest

from datasets_registry.records import Document
from services.search.app import make_app
from services.search.config import ServiceConfig
from services.search.measures import Measures
from services.search.shelf import Shelf
from services.search.watcher import Watcher
from tasks.retrieval.manifest import MANIFEST, Manifest, file_sha256
from tests.services.conftest import QUICK, Folders, documents, eventually, serving
from tests.tasks.conftest import WriteIndex

SWAPS = 200
CLIENTS = 6


@dataclass
class Seen:
    """What clients saw while versions changed."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def index_of(client: httpx.Client) -> str | None:
    version = client.get("/readyz").json()["index"]
    assert version is None or isinstance(version, str)
    return version


def keep_asking(url: httpx.URL, marks: dict[str, str], done: threading.Event) -> Seen:
    """Ask until told to stop; every text of an answer must be of the version that the answer names."""
    seen = Seen()
    with httpx.Client(base_url=url, timeout=30) as client:
        while not done.is_set():
            answer = client.post("/v1/search", json={"queries": ["利率", "碳配额", "统计"], "top_k": 8})
            if answer.status_code != 200:
                seen.wrong.append(answer.text)
                continue
            version = answer.headers["X-Finloom-Index"]
            texts = [hit["text"] for result in answer.json()["results"] for hit in result["hits"]]
            if version != answer.json()["index"] or len(texts) != 24:
                seen.wrong.append(f"{version} gave {len(texts)} texts")
            seen.wrong += [text for text in texts if any(m in text for v, m in marks.items() if v != version)]
            seen.answers[version] += 1
    return seen


def test_swaps_under_load_fail_nothing_and_mix_nothing(tmp_path: Path, write_index: WriteIndex) -> None:
    folders = Folders(tmp_path)
    marks = {folders.add(write_index(documents(mark))): mark for mark in ("甲版", "乙版", "丙版")}
    versions = list(marks)
    folders.promote(versions[0])
    done = threading.Event()
    with serving(make_app(folders, QUICK)) as client, ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(keep_asking, client.base_url, marks, done) for _ in range(CLIENTS)]
        for number in range(1, SWAPS + 1):
            wanted = versions[number % len(versions)]
            folders.promote(wanted)
            eventually(lambda: index_of(client) == wanted)  # noqa: B023 it is called at once
        done.set()
        seen = [task.result() for task in asking]
        swaps = float(client.get("/metrics").text.split("\nfinloom_search_swaps_total ")[1].split()[0])
    assert [wrong for one in seen for wrong in one.wrong] == []
    assert sum(len(one.answers) for one in seen) > CLIENTS
    assert swaps == SWAPS + 1
    assert folders.opened == folders.closed == SWAPS + 1


def test_a_step_back_opens_nothing(tmp_path: Path, write_index: WriteIndex) -> None:
    folders = Folders(tmp_path)
    first, second = (folders.add(write_index(documents(mark))) for mark in ("甲版", "乙版"))
    folders.promote(first)
    with serving(make_app(folders, QUICK)) as client:
        for wanted in (second, first, second):
            folders.promote(wanted)
            eventually(lambda: index_of(client) == wanted)  # noqa: B023 it is called at once
        assert (folders.opened, folders.closed) == (2, 0)
    assert folders.closed == 2


def flip(path: Path, place: float) -> None:
    """Change one bit."""
    data = bytearray(path.read_bytes())
    data[int(place * (len(data) - 1))] ^= 1
    path.write_bytes(data)


def seal(folder: Path) -> None:
    """Write checksums of the files as they are: damage that checksums cannot show."""
    manifest = Manifest.read(folder)
    entries = [
        entry.model_copy(
            update={"sha256": file_sha256(folder / entry.name), "bytes": (folder / entry.name).stat().st_size}
        )
        for entry in manifest.files
    ]
    (folder / MANIFEST).write_bytes(manifest.model_copy(update={"files": tuple(entries)}).to_bytes())


def with_manifest(**changes: object) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        written = orjson.loads((folder / MANIFEST).read_bytes())
        (folder / MANIFEST).write_bytes(orjson.dumps(written | changes))

    return damage


def swap_bytes(folder: Path) -> None:
    """Two files of equal size change places, or the halves of one."""
    data = (folder / "dense.faiss").read_bytes()
    (folder / "dense.faiss").write_bytes(data[len(data) // 2 :] + data[: len(data) // 2])


def empty(*names: str) -> Callable[[Path], object]:
    """All numbers of some arrays are zero, and the checksums are right."""

    def damage(folder: Path) -> None:
        for name in names:
            numbers = np.load(folder / name)
            np.save(folder / name, np.zeros_like(numbers))
        seal(folder)

    return damage


DAMAGE: dict[str, Callable[[Path], object]] = {
    **{
        f"bit of file {number}": lambda folder, number=number: flip(files(folder)[number], 0.7)  # type: ignore[misc]
        for number in range(6)
    },
    "half a file": lambda folder: (folder / "passages.arrow").write_bytes(
        (folder / "passages.arrow").read_bytes()[:1000]
    ),
    "an empty file": lambda folder: (folder / "days.npy").write_bytes(b""),
    "documents all one, checksums fit": empty("documents.npy"),
    "a manifest without files": with_manifest(files=[]),
    "a file less": lambda folder: (folder / "documents.npy").unlink(),
    "no vectors": lambda folder: (folder / "dense.faiss").unlink(),
    "no manifest": lambda folder: (folder / MANIFEST).unlink(),
    "an empty manifest": lambda folder: (folder / MANIFEST).write_bytes(b""),
    "no JSON": lambda folder: (folder / MANIFEST).write_bytes(b"{"),
    "JSON of something else": lambda folder: (folder / MANIFEST).write_bytes(b"[]"),
    "a newer format": with_manifest(format=99),
    "another dictionary": with_manifest(dictionary_sha256="0" * 64),
    "another tokenizer": with_manifest(tokenizer_sha256="0" * 64),
    "more passages": with_manifest(passages=999),
    "other dimensions": with_manifest(embedding={"kind": "hash", "dimensions": 64}),
    "halves that changed places": swap_bytes,
    "scores of nothing, sealed": empty("bm25/data.csc.index.npy"),
    "words of the first document, sealed": empty("bm25/indices.csc.index.npy"),
    "nothing at all": shutil.rmtree,
}


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)


def test_a_damaged_version_is_refused_and_the_old_one_stays(tmp_path: Path, first_folder: Path) -> None:
    assert len(DAMAGE) >= 20
    folders = Folders(tmp_path)
    good = folders.add(first_folder)
    folders.promote(good)
    config = ServiceConfig(poll_seconds=0.02, retry_seconds=3600)
    with serving(make_app(folders, config)) as client:
        for number, (name, damage) in enumerate(DAMAGE.items()):
            version = f"{number:064x}"
            shutil.copytree(first_folder, tmp_path / version)
            damage(tmp_path / version)
            folders.promote(version)
            eventually(lambda: (client.get("/readyz").json()["refused"] or {}).get("index") == version)  # noqa: B023
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json()["index"]) == (200, good), name
            answer = client.post("/v1/search", json={"query": "利率"})
            assert (answer.status_code, answer.json()["index"]) == (200, good), name
        folders.promote(good)
        eventually(lambda: client.get("/readyz").json()["refused"] is None)


@pytest.mark.parametrize("pointer", [None, "f" * 64])
def test_a_server_without_an_index_says_so_and_takes_one_when_it_comes(
    tmp_path: Path, first_folder: Path, pointer: str | None
) -> None:
    folders = Folders(tmp_path)
    folders.promote(pointer)
    with serving(make_app(folders, QUICK), wait=False) as client:
        eventually(lambda: any(client.get("/readyz").json()[name] for name in ("source_error", "refused")))
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        answer = client.post("/v1/search", json={"query": "利率"})
        assert (answer.status_code, answer.json()["error"]) == (503, "not_ready")
        assert int(answer.headers["Retry-After"]) > 0
        assert "尚未就绪" in client.get("/").text
        folders.promote(folders.add(first_folder))
        eventually(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/v1/search", json={"query": "利率"}).status_code == 200


def test_a_source_that_does_not_answer_stops_nothing(tmp_path: Path, folders: Folders) -> None:
    with serving(make_app(folders, QUICK)) as client:
        (tmp_path / "current").rename(tmp_path / "away")
        eventually(lambda: client.get("/readyz").json()["source_error"] == "FileNotFoundError")
        assert client.post("/v1/search", json={"query": "利率"}).status_code == 200
        (tmp_path / "away").rename(tmp_path / "current")
        eventually(lambda: client.get("/readyz").json()["source_error"] is None)


def many_documents(mark: str) -> list[Document]:
    """Enough of them that an index which stays in memory would be seen."""
    return [
        replace(document, id=f"{document.id}-{number}", title=f"{document.title}第{number}号")
        for number in range(60)
        for document in documents(f"{mark}{number}")
    ]


def test_versions_that_are_gone_leave_no_memory_behind(tmp_path: Path, write_index: WriteIndex) -> None:
    folders = Folders(tmp_path)
    versions = [
        folders.add(write_index(many_documents(mark), shard=1000)) for mark in ("甲版", "乙版", "丙版")
    ]
    shelf = Shelf()
    watcher = Watcher(folders, shelf, QUICK, Measures(shelf))

    def swap(times: int) -> int:
        for number in range(times):
            folders.promote(versions[number % len(versions)])
            watcher.look()
            assert watcher.refusal is None
        return int(psutil.Process().memory_info().rss)

    before = swap(30)
    assert swap(120) < 1.1 * before
    shelf.clear()
    assert folders.opened == folders.closed == 150
