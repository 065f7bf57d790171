"""The real stack on free ports: repeated ups, killed processes, strangers, the user's own store, down.

The tests share one stack and run in order: a start costs ten seconds and more.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from blocks.home import CHECKOUT, stack_path
from blocks.s3 import connect, read_settings
from blocks.store import open_store
from infra import ports, prefect_server, processes, seaweed, status, worker
from infra.processes import StackError
from infra.provision import read_automations
from infra.stack import ensure_up, take_down
from infra.state import StackState, read_state
from tests.fakes.minio_gateway import minio_gateway

pytestmark = pytest.mark.stack
EXTERNAL = ("MINIO_ENDPOINT", "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", "PREFECT_API_URL", "FINLOOM_BUCKET")


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home on ports that were free, with nothing of the machine's own settings."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("FINLOOM_HOME", str(folder))
        patch.setenv("FINLOOM_PREFECT_PORT", str(ports.next_free(24200)))
        patch.setenv("FINLOOM_S3_PORT", str(ports.next_free(29000)))
        for name in EXTERNAL:
            patch.delenv(name, raising=False)
        yield folder
        take_down()


@pytest.fixture(scope="module")
def stack(own_home: Path) -> StackState:
    """The stack, started while a stranger had the port that the object store asks for."""
    with listener(int(os.environ["FINLOOM_S3_PORT"])):
        return ensure_up()


@contextmanager
def listener(port: int) -> Iterator[None]:
    """A stranger on a port."""
    with socket.create_server((ports.LOOPBACK, port)):
        yield


def pid_of(name: str) -> int:
    running = processes.find(name)
    assert running is not None
    return running.pid


def kill(name: str) -> int:
    """End a program as a crash would; returns the pid that it had."""
    process = psutil.Process(pid_of(name))
    process.send_signal(signal.SIGKILL)
    psutil.wait_procs([process], timeout=10)
    return process.pid


def of_this_home(folder: Path) -> list[psutil.Process]:
    """Other processes that have this home in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("FINLOOM_HOME") == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_everything_runs_after_the_first_up(stack: StackState) -> None:
    assert [part.condition for part in status.look().parts] == ["running", "running", "running"]


def test_a_port_with_a_stranger_on_it_was_stepped_over(stack: StackState) -> None:
    assert stack.ports["s3"] > int(os.environ["FINLOOM_S3_PORT"])
    assert stack.ports["prefect"] == int(os.environ["FINLOOM_PREFECT_PORT"])


def test_nothing_listens_beyond_loopback(stack: StackState) -> None:
    for name in (seaweed.NAME, prefect_server.NAME, worker.NAME):
        for process in processes.family(pid_of(name)):
            for connection in process.net_connections(kind="inet"):
                if connection.status == psutil.CONN_LISTEN:
                    assert connection.laddr.ip == ports.LOOPBACK


def test_the_server_has_pools_limits_automation_and_block(stack: StackState) -> None:
    with httpx.Client(base_url=stack.prefect_api_url, trust_env=False) as client:
        for pool in ("cpu-pool", "gpu-pool"):
            assert client.get(f"work_pools/{pool}").json()["type"] == "process"
        assert client.get("v2/concurrency_limits/finloom-gpu").json()["limit"] == 1
        automations = client.post("automations/filter", json={}).json()
        assert {each["name"] for each in automations} == {entry["name"] for entry in read_automations()}
        slug = "block_types/slug/finloom-store/block_documents/name/artifacts"
        assert client.get(slug).json()["data"]["endpoint"] == stack.s3_endpoint


def test_the_page_of_the_server_asks_its_own_port(stack: StackState) -> None:
    settings = httpx.get(f"{stack.prefect_api_url.removesuffix('/api')}/ui-settings", trust_env=False)
    assert settings.json()["api_url"] == stack.prefect_api_url


def test_up_again_starts_and_changes_nothing(stack: StackState) -> None:
    before = [pid_of(name) for name in (seaweed.NAME, prefect_server.NAME, worker.NAME)]
    lines: list[str] = []
    assert ensure_up(report=lines.append) == stack
    assert [pid_of(name) for name in (seaweed.NAME, prefect_server.NAME, worker.NAME)] == before
    assert len(lines) == 2


def test_two_ups_at_once_agree(stack: StackState) -> None:
    command = [
        sys.executable,
        "-c",
        "from infra.stack import ensure_up; print(ensure_up().model_dump_json())",
    ]
    both = [subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) for _ in range(2)]
    answers = [json.loads(one.communicate(timeout=300)[0]) for one in both]
    assert answers == [json.loads(stack.model_dump_json())] * 2


def test_no_secret_is_in_a_command_line_or_a_log(stack: StackState, own_home: Path) -> None:
    secret = read_settings().secret_key.get_secret_value()
    assert not any(secret in " ".join(process.cmdline()) for process in of_this_home(own_home))
    assert not any(secret in log.read_text(errors="replace") for log in (own_home / "logs").iterdir())
    assert secret not in stack_path().read_text()


def test_a_killed_store_comes_back_with_its_objects_and_nothing_else_is_touched(stack: StackState) -> None:
    open_store().put("tmp/before", b"written before the crash")
    server, helper = pid_of(prefect_server.NAME), pid_of(worker.NAME)
    killed = kill(seaweed.NAME)
    assert status.look().parts[0].condition == "dead"
    assert ensure_up() == stack
    assert pid_of(seaweed.NAME) != killed
    assert (pid_of(prefect_server.NAME), pid_of(worker.NAME)) == (server, helper)
    assert open_store().get("tmp/before")[0] == b"written before the crash"


def test_a_killed_server_and_worker_come_back_on_the_same_port(stack: StackState) -> None:
    store, server, helper = pid_of(seaweed.NAME), kill(prefect_server.NAME), kill(worker.NAME)
    assert ensure_up() == stack
    assert pid_of(seaweed.NAME) == store
    assert pid_of(prefect_server.NAME) != server
    assert pid_of(worker.NAME) != helper
    assert status.look().is_good


def test_a_stranger_on_the_port_of_a_killed_store_is_called_foreign(stack: StackState) -> None:
    kill(seaweed.NAME)
    with listener(stack.ports["s3"]):
        assert status.look().parts[0].condition == "foreign"
    assert ensure_up() == stack


def test_a_store_that_lost_its_pid_file_is_replaced_not_doubled(stack: StackState, own_home: Path) -> None:
    orphan = pid_of(seaweed.NAME)
    processes.pid_path(seaweed.NAME).unlink()
    ensure_up()
    stores = [process for process in of_this_home(own_home) if Path(process.cmdline()[0]).name == "weed"]
    assert [process.pid for process in stores] == [pid_of(seaweed.NAME)]
    assert orphan != pid_of(seaweed.NAME)


def test_a_damaged_record_of_the_stack_is_found_out_anew(stack: StackState) -> None:
    stack_path().write_text('{"format": 1, "s3_end')
    assert ensure_up() == stack


def test_the_users_store_is_used_and_the_embedded_one_ends(
    stack: StackState, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with minio_gateway(tmp_path) as endpoint:
        monkeypatch.setenv("MINIO_ENDPOINT", endpoint)
        monkeypatch.setenv("MINIO_ROOT_USER", "somebody")
        monkeypatch.setenv("MINIO_ROOT_PASSWORD", "somebodys-password")
        lines: list[str] = []
        state = ensure_up(report=lines.append)
        assert (state.s3_endpoint, state.s3_embedded) == (endpoint, False)
        assert processes.find(seaweed.NAME) is None
        assert status.look().parts[0].condition == "external"
        assert status.look().is_good
        assert state.bucket is not None
        assert not state.bucket.conditional_puts
        assert any("ignores conditional writes" in line for line in lines)
        assert any("NotImplemented" in warning for warning in state.bucket.warnings)
        connect(read_settings()).head_bucket(Bucket="finloom")
        worker_environment = psutil.Process(pid_of(worker.NAME)).environ()
        assert worker_environment["MINIO_ENDPOINT"] == endpoint
        assert "somebodys-password" not in stack_path().read_text()
        assert ensure_up() == state


def test_an_unreachable_server_of_the_users_is_an_error_not_a_new_server(
    stack: StackState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIO_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("MINIO_ROOT_USER", "somebody")
    monkeypatch.setenv("MINIO_ROOT_PASSWORD", "somebodys-password")
    with pytest.raises(StackError, match="does not answer"):
        ensure_up()
    assert processes.find(seaweed.NAME) is None


def test_down_ends_everything_and_up_finds_data_and_ports_again(stack: StackState, own_home: Path) -> None:
    ensure_up()
    assert take_down() == [worker.NAME, prefect_server.NAME, seaweed.NAME]
    assert of_this_home(own_home) == []
    assert {part.condition for part in status.look().parts} == {"stopped"}
    assert not any(path.suffix == ".pid" for path in (own_home / "run").iterdir())
    assert list(Path("/tmp").glob(f"seaweedfs-*-{stack.ports['s3']}.sock")) == []
    recorded = read_state()
    assert recorded is not None
    assert recorded.ports == stack.ports
    assert take_down() == []


def test_data_written_before_down_is_there_after_up(stack: StackState) -> None:
    ensure_up()
    assert open_store().get("tmp/before")[0] == b"written before the crash"
