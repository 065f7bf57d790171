"""The stack's verbs without a stack: exit codes, JSON, and no secrets on the screen."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from blocks.home import CHECKOUT
from finloom import stack
from infra.state import StackState, write_state


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which nothing ever ran, with nothing of the machine's own settings."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path))
    for name in ("MINIO_ENDPOINT", "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def app() -> typer.Typer:
    """The verbs as the command line has them."""
    verbs = typer.Typer()
    for verb in (stack.up, stack.down, stack.status, stack.doctor, stack.env):
        verbs.command()(verb)
    return verbs


def test_status_of_a_stack_that_never_ran_is_all_stopped_and_exit_code_1(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["status", "--json"])
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert not answer["good"]
    assert {part["condition"] for part in answer["parts"]} <= {"stopped", "foreign"}


def test_down_where_nothing_runs_is_no_failure(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["down", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"stopped": []}


def test_doctor_tells_machines_the_same_as_people(app: typer.Typer) -> None:
    told = CliRunner().invoke(app, ["doctor"]).stdout
    answer = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    assert all(check["name"] in told for check in answer["checks"])


def test_env_before_the_first_up_says_what_to_do(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["env"])
    assert result.exit_code == 1
    assert "finloom up" in result.stderr


def test_env_prints_exports_and_leaves_secrets_out(
    app: typer.Typer, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIO_ENDPOINT", "http://minio.example.com:9000")
    monkeypatch.setenv("MINIO_ROOT_USER", "somebody")
    monkeypatch.setenv("MINIO_ROOT_PASSWORD", "somebodys-password")
    write_state(
        StackState(
            s3_endpoint="http://minio.example.com:9000",
            s3_embedded=False,
            prefect_api_url="http://127.0.0.1:4201/api",
            prefect_embedded=True,
        )
    )
    told = CliRunner().invoke(app, ["env"]).stdout.splitlines()
    assert "export PREFECT_API_URL=http://127.0.0.1:4201/api" in told
    assert f"export FINLOOM_HOME={own_home}" in told
    assert f"export FINLOOM_CHECKOUT={CHECKOUT}" in told
    assert not any("somebodys-password" in line for line in told)


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_a_port_that_is_none_is_wrong_use(app: typer.Typer, port: str) -> None:
    assert CliRunner().invoke(app, ["up", "--s3-port", port]).exit_code == 2


def test_a_port_variable_that_is_none_is_one_sentence(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINLOOM_S3_PORT", "nine")
    result = CliRunner().invoke(app, ["up"])
    assert result.exit_code == 1
    assert "FINLOOM_S3_PORT is 'nine'" in result.stderr
