"""Which Prefect server is meant: the user's, or our own whose address came back to us."""

from pathlib import Path

import pytest

from infra import prefect_server
from infra.state import StackState, write_state


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home whose stack has its own server on port 4201."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path))
    write_state(
        StackState(
            s3_endpoint="http://127.0.0.1:9000",
            s3_embedded=True,
            prefect_api_url=prefect_server.api_url({"prefect": 4201}),
            prefect_embedded=True,
        )
    )


def test_without_an_address_the_embedded_server_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert prefect_server.external_url() is None


def test_our_own_address_is_not_taken_for_somebody_elses_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4201/api/")
    assert prefect_server.external_url() is None


def test_another_address_is_the_users_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    assert prefect_server.external_url() == "http://127.0.0.1:4200/api"


def test_a_port_where_nobody_listens_does_not_answer() -> None:
    assert not prefect_server.answers("http://127.0.0.1:1/api")
