"""A published index is served from the store, a newer one takes over, and a rollback goes back at once."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from blocks.history import promote, rollback
from blocks.s3 import S3Settings
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from services.search.app import make_app
from services.search.source import PublishedIndex
from tests.services.conftest import QUICK, documents, eventually, serving
from tests.tasks.conftest import WriteIndex

ROOT = Path(__file__).parents[2]


@pytest.fixture
def refs(
    store: ArtifactStore, write_index: WriteIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[ArtifactRef]:
    """Two versions in the store, the first in force."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    found = [
        store.publish("index", store.add_folder(write_index(documents(mark)))) for mark in ("甲版", "乙版")
    ]
    promote(store, "index", "main", found[0], {})
    return found


def in_front(client: httpx.Client) -> str:
    return str(client.get("/readyz").json()["index"])


def test_the_pointer_is_followed_forth_and_back(store: ArtifactStore, refs: list[ArtifactRef]) -> None:
    first, second = refs
    source = PublishedIndex(store, "main")
    assert source.in_force() == first.sha256
    with serving(make_app(source, QUICK)) as client:
        age = client.get("/readyz").json()["age_seconds"]
        promote(store, "index", "main", second, {})
        eventually(lambda: in_front(client) == second.sha256)
        rollback(store, "index", "main")
        eventually(lambda: in_front(client) == first.sha256)
        assert client.get("/readyz").json()["age_seconds"] > age, "a step back does not make an index young"


def test_a_version_that_the_store_lost_is_refused(store: ArtifactStore, refs: list[ArtifactRef]) -> None:
    first, second = refs
    with serving(make_app(PublishedIndex(store, "main"), QUICK)) as client:
        store.client.delete_object(Bucket=store.bucket, Key=f"blobs/{store.tree(second).files[0].sha256}")
        promote(store, "index", "main", second, {})
        eventually(lambda: client.get("/readyz").json()["refused"] is not None)
        assert client.get("/readyz").json()["refused"] == {"index": second.sha256, "error": "MissingObject"}
        assert in_front(client) == first.sha256


@contextmanager
def command(*words: str) -> Iterator["subprocess.Popen[str]"]:
    """A finloom command that runs until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "finloom.main", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finloom(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "finloom.main", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture
def environment(s3_settings: S3Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIO_ENDPOINT", s3_settings.endpoint)
    monkeypatch.setenv("MINIO_ROOT_USER", s3_settings.access_key)
    monkeypatch.setenv("MINIO_ROOT_PASSWORD", s3_settings.secret_key.get_secret_value())
    monkeypatch.setenv("FINLOOM_BUCKET", s3_settings.bucket)


def test_the_command_serves_the_client_asks_and_a_signal_ends_it(
    refs: list[ArtifactRef], environment: None, tmp_path: Path
) -> None:
    with command("serve", "search", "--port", "18080", "--log", str(tmp_path / "log")) as server:
        assert server.stderr is not None
        said = server.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found and "no API keys, so only this machine may ask" in said
        eventually(lambda: ready(found[0]), 60)
        answer = finloom("search", "央行利率", "--server", found[0], "--top-k", "2", "--json")
        assert answer.returncode == 0, answer.stderr
        assert refs[0].sha256 in answer.stdout and "央行利率下调的通知" in answer.stdout
        shown = finloom("search", "央行利率", "--server", found[0], "--top-k", "1")
        assert "1. 央行利率下调的通知" in shown.stdout
        wrong = finloom("search", "央行", "--server", found[0], "--as-of", "soon")
        assert (wrong.returncode, "wanted a date" in wrong.stderr) == (2, True)
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) in (0, -signal.SIGTERM)
    assert len((tmp_path / "log").read_text().splitlines()) == 3
    gone = finloom("search", "央行", "--server", found[0])
    assert (gone.returncode, "no search server answers" in gone.stderr) == (1, True)


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.ConnectError:
        return False


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "without API keys"),
        (("--keys-variable", "NO_SUCH_VARIABLE"), "NO_SUCH_VARIABLE is not set"),
        (("--keys-file", "/nowhere/keys"), "cannot be read"),
    ],
)
def test_a_server_that_would_be_open_does_not_start(
    environment: None, words: tuple[str, ...], said: str
) -> None:
    answer = finloom("serve", "search", *words)
    assert (answer.returncode, said in answer.stderr) == (2, True), answer.stderr
