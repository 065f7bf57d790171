"""`finloom worker POOL`: a worker of this machine for one pool, in the foreground."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blocks.home import CHECKOUT
from blocks.s3 import S3Settings
from finloom.main import app
from finloom.output import WrongUse
from finloom.worker import default_name, find_stack
from infra import provision, worker


def test_an_unknown_pool_is_wrong_use_and_names_those_there_are() -> None:
    result = CliRunner().invoke(app, ["worker", "tpu-pool"])
    assert isinstance(result.exception, WrongUse)
    assert str(result.exception) == "there is no work pool 'tpu-pool'; there are cpu-pool, gpu-pool"


def test_the_pools_are_those_that_are_provisioned() -> None:
    assert set(worker.POOLS) == set(provision.POOLS)


def test_a_worker_beside_that_of_up_has_a_name_of_its_own() -> None:
    assert default_name("cpu-pool") != worker.worker_name()
    assert default_name("gpu-pool") == worker.worker_name("gpu-pool")


def test_a_limit_is_passed_on() -> None:
    assert "--limit" not in worker.command("cpu-pool", "c")
    assert worker.command("gpu-pool", "g", 2)[-2:] == ["--limit", "2"]


def test_a_stack_that_the_environment_names_whole_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", "http://stack.example:4200/api")
    monkeypatch.setenv("MINIO_ENDPOINT", "stack.example:9000")
    monkeypatch.setenv("MINIO_ROOT_USER", "user")
    monkeypatch.setenv("MINIO_ROOT_PASSWORD", "password")
    stack = find_stack()
    assert (stack.prefect_api_url, stack.prefect_embedded) == ("http://stack.example:4200/api", False)
    assert (stack.s3_endpoint, stack.s3_embedded) == ("http://stack.example:9000", False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.stack
def test_it_says_what_is_here_serves_its_pool_and_ends_on_ctrl_c(
    prefect_server: None, s3_settings: S3Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from prefect import get_client
    from prefect.settings import PREFECT_API_URL

    async def prepare() -> None:
        async with get_client() as client:
            await provision.ensure_pool(client, "gpu-pool", "for tests", {})

    async def clean() -> None:
        # A worker that has ended shows as online for a while, to other tests on this server too.
        async with get_client() as client:
            await client.delete_work_pool("gpu-pool")

    asyncio.run(prepare())
    url = PREFECT_API_URL.value()
    assert url
    variables = {
        "FINLOOM_HOME": str(tmp_path),
        "PREFECT_API_URL": url,
        "MINIO_ENDPOINT": s3_settings.endpoint,
        "MINIO_ROOT_USER": "finloom",
        "MINIO_ROOT_PASSWORD": "of no value",
        "CUDA_VISIBLE_DEVICES": "",
    }
    command = [sys.executable, "-m", "finloom.main", "worker", "gpu-pool", "--name", "gpu-of-a-test"]
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen(
            command, env=os.environ | variables, cwd=CHECKOUT, stdout=log, stderr=log, start_new_session=True
        )
    try:
        from infra import prefect_server as server

        while "gpu-of-a-test" not in server.online_workers(url, "gpu-pool"):
            assert child.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.3)
        os.killpg(child.pid, signal.SIGINT)
        child.wait(timeout=120)
    finally:
        child.kill()
        asyncio.run(clean())
    said = (tmp_path / "log").read_text()
    assert "no GPU" in said and "worker gpu-of-a-test of gpu-pool, runs at a time: 1" in said
    assert "of no value" not in said
