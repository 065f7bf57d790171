"""The environment of the project's processes: where the stack is, and nothing of somebody else's."""

from pathlib import Path

import pytest

from blocks.home import Stack
from infra.environment import environment, no_proxy

EMBEDDED = Stack(
    s3_endpoint="http://127.0.0.1:9000",
    s3_embedded=True,
    prefect_api_url="http://127.0.0.1:4200/api",
    prefect_embedded=True,
)
EXTERNAL = Stack(
    s3_endpoint="https://minio.example.com",
    s3_embedded=False,
    prefect_api_url="https://prefect.example.com/api",
    prefect_embedded=False,
)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of this test's own, and no store of the machine's."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path))
    for name in ("MINIO_ENDPOINT", "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_the_embedded_stack_keeps_prefect_inside_the_home(tmp_path: Path) -> None:
    variables = environment(EMBEDDED)
    assert variables["PREFECT_HOME"] == str(tmp_path / "prefect")
    assert variables["PREFECT_API_URL"] == EMBEDDED.prefect_api_url
    assert variables["FINLOOM_HOME"] == str(tmp_path)


def test_a_server_of_the_users_keeps_the_users_prefect_profile() -> None:
    assert "PREFECT_HOME" not in environment(EXTERNAL)


def test_the_users_store_is_passed_on_and_the_embedded_one_needs_no_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MINIO_ENDPOINT", "https://minio.example.com")
    assert environment(EXTERNAL)["MINIO_ENDPOINT"] == "https://minio.example.com"
    assert not any(name.startswith("MINIO") for name in environment(EMBEDDED))


def test_loopback_is_added_to_the_proxy_exceptions_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "intranet.example.com,localhost")
    assert no_proxy()["no_proxy"] == "intranet.example.com,localhost,127.0.0.1"


def test_no_proxy_settles_after_one_application(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", no_proxy()["no_proxy"])
    assert no_proxy()["no_proxy"] == "127.0.0.1,localhost"
