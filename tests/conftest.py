"""Fixtures of all tests: a real S3 server over HTTP, a store on it, and the shared real data where it is present."""

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from pydantic import SecretStr

from blocks.home import home
from blocks.s3 import S3Settings, connect
from blocks.store import ArtifactStore
from tasks.runtime.tools import Tool, ToolProblem, find_tool

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# Tests have homes of their own, but share the tools that are installed: they are gigabytes.
os.environ.setdefault("FINLOOM_TOOLS", str(home() / "tools"))

hypothesis.settings.register_profile("no timed assertions", deadline=None)
hypothesis.settings.load_profile("no timed assertions")


def free_port() -> int:
    """A port that was free, and that no other process of the tests is about to try."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real documents and questions for tests; they are no part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data is not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """An S3 server in this process that answers over HTTP and honours conditional puts."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_settings(s3_endpoint: str) -> S3Settings:
    """A bucket of this test's own."""
    settings = S3Settings(
        endpoint=s3_endpoint,
        access_key="finloom",
        secret_key=SecretStr("of no value"),
        bucket=f"t{uuid.uuid4().hex}",
    )
    connect(settings).create_bucket(Bucket=settings.bucket)
    return settings


@pytest.fixture
def store(s3_settings: S3Settings) -> ArtifactStore:
    """An artifact store in a bucket of this test's own."""
    return ArtifactStore(connect(s3_settings), s3_settings.bucket)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A Prefect server for this test run; its start takes most of a minute on a busy machine, so there is one."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=300):
        yield


@pytest.fixture
def prefect_store(
    prefect_server: None, s3_settings: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> ArtifactStore:
    """A store that steps find as their users do: by the environment, and by the block of the Prefect server."""
    from blocks.prefect_blocks import save_blocks

    monkeypatch.setenv("MINIO_ENDPOINT", s3_settings.endpoint)
    monkeypatch.setenv("MINIO_ROOT_USER", s3_settings.access_key)
    monkeypatch.setenv("MINIO_ROOT_PASSWORD", s3_settings.secret_key.get_secret_value())
    monkeypatch.setenv("FINLOOM_BUCKET", s3_settings.bucket)
    monkeypatch.setenv("FINLOOM_WORKERS", "0")
    save_blocks(s3_settings)
    return ArtifactStore(connect(s3_settings), s3_settings.bucket)


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Tool]:
    """The environment of an outside tool; a test that needs one that is not installed is skipped, and says so."""

    def find(name: str) -> Tool:
        try:
            return find_tool(name)
        except ToolProblem as problem:
            pytest.skip(str(problem))

    return find
