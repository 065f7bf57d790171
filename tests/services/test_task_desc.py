"""What queries are for is told to the model of the vectors: by the index, or by a request; never to words."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.search.app import make_app
from tasks.retrieval.config import TASK, GivenEmbedding
from tasks.retrieval.manifest import MANIFEST, Manifest
from tests.fakes.embedding_server import Behaviour
from tests.services.conftest import QUICK, Folders, serving

MINE = "找出与问题相关的处罚决定"


@pytest.fixture
def log() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def client(tmp_path: Path, instructed: Path, log: io.BytesIO, behaviour: Behaviour) -> Iterator[httpx.Client]:
    """A client of a server of that index, before which nothing was asked."""
    source = Folders(tmp_path)
    source.promote(source.add(instructed))
    with serving(make_app(source, QUICK, log=log)) as client:
        behaviour.asked.clear()
        yield client


def search(client: httpx.Client, **body: object) -> httpx.Response:
    return client.post("/v1/search", json={"query": "央行利率", **body})


@pytest.mark.parametrize("method", ["dense", "hybrid"])
def test_a_request_may_say_what_its_queries_are_for(
    client: httpx.Client, behaviour: Behaviour, log: io.BytesIO, method: str
) -> None:
    assert search(client, method=method).status_code == 200
    assert search(client, method=method, task_desc=MINE).status_code == 200
    assert search(client, method=method, task_desc="").status_code == 200
    assert behaviour.asked == [
        [f"Instruct: {TASK}\nQuery:央行利率"],
        [f"Instruct: {MINE}\nQuery:央行利率"],
        ["央行利率"],
    ]
    assert [json.loads(line)["task_desc"] for line in log.getvalue().splitlines()[-3:]] == [False, True, True]
    assert MINE not in log.getvalue().decode()


def test_words_are_searched_without_it(client: httpx.Client, behaviour: Behaviour) -> None:
    plain, told = search(client, method="bm25"), search(client, method="bm25", task_desc=MINE)
    assert told.json() == plain.json()
    assert behaviour.asked == []


def test_it_has_a_longest_length(client: httpx.Client, behaviour: Behaviour) -> None:
    assert search(client, method="dense", task_desc="字" * 500).status_code == 200
    answer = search(client, method="dense", task_desc="字" * 501)
    assert (answer.status_code, "task_desc" in answer.json()["message"]) == (422, True)
    assert len(behaviour.asked) == 1


def test_vectors_that_know_no_instruction_refuse_it(folders: Folders) -> None:
    with serving(make_app(folders, QUICK)) as client:
        answer = search(client, task_desc=MINE)
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")
        assert "vectors of this index (hash) know no instruction; leave it out" in answer.json()["message"]
        assert search(client, method="bm25", task_desc=MINE).status_code == 200
        assert search(client).status_code == 200


def test_given_vectors_that_nobody_can_ask_leave_the_words(folders: Folders, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    shutil.copytree(folders.root / str(folders.in_force()), folder)
    manifest = Manifest.read(folder)
    given = GivenEmbedding(vectors_sha256="b" * 64, dimensions=manifest.embedding.dimensions)
    (folder / MANIFEST).write_bytes(manifest.model_copy(update={"embedding": given}).to_bytes())
    folders.promote(folders.add(folder))
    with serving(make_app(folders, QUICK)) as client:
        answer = search(client)
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")
        assert "search with method bm25, or build the index again" in answer.json()["message"]
        assert search(client, method="bm25").json()["results"][0]["hits"]
        shown = client.get("/", params={"q": "利率"})
        assert (shown.status_code, "BM25（词）" in shown.text, "向量（义）" in shown.text) == (
            200,
            True,
            False,
        )
