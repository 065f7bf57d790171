"""Every night adds what arrived to the corpus and the index, and an index made so is the one made at once."""

from pathlib import Path

import orjson
import pytest

from blocks.history import current
from blocks.lease import AlreadyRunning, lease
from blocks.s3 import S3Settings, connect
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import JsonObject
from flows.build_index import build_index
from flows.refresh_index import refresh_index
from tasks.indexing.config import EmbeddingConfig
from tasks.retrieval.index import Index
from tasks.runtime.keys import REFRESH
from tasks.succession.arrivals import WrongInput


def text(what: str) -> str:
    """A text of its own for every subject: texts of one template would be repeats of each other."""
    step = 31 + 2 * sum(map(ord, what)) % 5000
    return f"{what}，银行与债券基金关注利率。" + "".join(chr(0x4E00 + step * n % 9001) for n in range(200))


def write(folder: Path, night: str, subjects: dict[str, str]) -> None:
    """A file of documents by id and subject; a document without a subject is taken out."""
    folder.mkdir(exist_ok=True)
    rows: list[JsonObject] = [
        {"id": name, "title": f"关于{what}" if what else "", "text": text(what) if what else "删",
         "source": "s", "published": "2024-03-05"}
        for name, what in subjects.items()
    ]  # fmt: skip
    (folder / f"{night}.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))


FIRST = {f"d{n}": f"第{n * 7919}号逆回购{'甲乙丙丁戊己庚辛壬癸子丑'[n]}" for n in range(12)}


HASH = EmbeddingConfig(kind="hash")
"""No words to distil, which takes a minute and more."""


def refresh(input: str) -> ArtifactRef:
    return refresh_index(input, embedding=HASH)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))


def found(store: ArtifactStore, ref: ArtifactRef, query: str, folder: Path) -> list[str]:
    index = Index.open(store.materialise(ref, folder))
    try:
        return [hit.document for hit in index.search(query, "bm25", 3)]
    finally:
        index.close()


def test_nights_add_replace_and_take_out(prefect_store: ArtifactStore, tmp_path: Path) -> None:
    store, inbox = prefect_store, tmp_path / "inbox"
    write(inbox, "night1", FIRST)
    first = refresh(str(inbox))
    assert refresh(str(inbox)) == first, "nothing arrived"
    write(inbox, "night2", {"d1": "国债回售", "d2": "", "new": "绿色债券贴标"})
    second = refresh(str(inbox))
    assert found(store, second, "绿色债券贴标", tmp_path / "two")[0] == "new"
    assert found(store, second, "国债回售", tmp_path / "two")[0] == "d1"
    assert "d2" not in found(store, second, FIRST["d2"], tmp_path / "two")
    assert found(store, first, FIRST["d2"], tmp_path / "one")[0] == "d2"
    pointer = current(store, "index", "main")
    assert pointer and pointer.target == second


def test_an_index_that_grew_is_the_one_made_at_once(
    prefect_store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "inbox"
    write(inbox, "night1", FIRST)
    refresh(str(inbox))
    write(inbox, "night2", {"d1": "国债回售", "d2": "", "new": "绿色债券贴标"})
    grown = refresh(str(inbox))
    corpus = current(prefect_store, "corpus", "main")
    assert corpus is not None
    monkeypatch.setenv(REFRESH, "all")
    assert build_index(corpus=corpus.target.sha256, embedding=HASH, name="at-once") == grown


def test_files_that_arrive_in_the_object_store_are_read_once(
    prefect_store: ArtifactStore, s3_settings: S3Settings, tmp_path: Path
) -> None:
    client = connect(s3_settings)
    write(tmp_path / "out", "night1", FIRST)
    write(tmp_path / "out", "night2", {"new": "绿色债券贴标"})
    address = f"s3://{s3_settings.bucket}/inbox"
    with pytest.raises(WrongInput, match=r"no JSON-lines file is at .*inbox"):
        refresh(address)
    client.upload_file(str(tmp_path / "out" / "night1.jsonl"), s3_settings.bucket, "inbox/2026/night1.jsonl")
    client.put_object(Bucket=s3_settings.bucket, Key="inbox/README", Body=b"no documents")
    refresh(address)
    client.upload_file(str(tmp_path / "out" / "night2.jsonl"), s3_settings.bucket, "inbox/2026/night2.jsonl")
    second = refresh(address)
    assert found(prefect_store, second, "绿色债券贴标", tmp_path / "two")[0] == "new"
    assert refresh(address) == second


def test_a_night_that_failed_is_made_up_for(prefect_store: ArtifactStore, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    write(inbox, "night1", FIRST)
    refresh(str(inbox))
    (inbox / "night2.jsonl").write_bytes(b"{")
    write(inbox, "night3", {"new": "绿色债券贴标"})
    with lease(prefect_store, "refresh-index-main", 1), pytest.raises(AlreadyRunning):
        refresh(str(inbox))
    second = refresh(str(inbox))
    assert found(prefect_store, second, "绿色债券贴标", tmp_path / "two")[0] == "new"
