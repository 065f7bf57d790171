"""Flows on the GPU pool, by a real process worker: handed over, handed back, failed and lost in one sentence."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists
from prefect.flows import Flow
from prefect.settings import PREFECT_API_URL

from blocks.home import CHECKOUT
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from tasks.runtime import routing
from tasks.runtime.routing import POOL, ChildFailed, NoGpuWorker, on_gpu_pool, online_workers
from tests.fakes.gpu_flow import gpu_flow
from tests.fakes.process_tree import gone, pids, wait_for

PATIENCE = 120.0
ENTRYPOINT = "tests/fakes/gpu_flow.py:gpu_flow"


@pytest.fixture
def data(prefect_store: ArtifactStore) -> ArtifactRef:
    return prefect_store.publish("data", [prefect_store.add_file("rows", b"1", 1)])


def pid_of(store: ArtifactStore, ref: ArtifactRef) -> int:
    return int(store.get_blob(store.tree(ref).file("pid").sha256))


def runs() -> list[dict[str, str]]:
    """The runs of the flow that have a deployment, newest first."""
    with get_client(sync_client=True) as client:
        query = {"sort": "EXPECTED_START_TIME_DESC", "flows": {"name": {"any_": [gpu_flow.name]}}}
        found: list[dict[str, str]] = client.request("POST", "/flow_runs/filter", json=query).json()
    return [run for run in found if run["deployment_id"]]


def wait_for_state(name: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not runs() or runs()[0]["state_name"] != name:
        assert time.monotonic() < deadline, f"{runs()[0]['state_name']}, not {name}"
        time.sleep(0.2)


def test_without_a_worker_a_cpu_flow_runs_here(prefect_store: ArtifactStore, data: ArtifactRef) -> None:
    assert pid_of(prefect_store, on_gpu_pool(gpu_flow, device="cpu", data=data)) == os.getpid()


def test_without_a_worker_a_gpu_flow_names_the_command(
    prefect_store: ArtifactStore, data: ArtifactRef
) -> None:
    with pytest.raises(NoGpuWorker, match=r"gpu-flow needs a GPU .* `finloom worker gpu-pool`"):
        on_gpu_pool(gpu_flow, device="cuda", data=data)


@pytest.fixture(scope="module")
def pool(prefect_server: None) -> None:
    """The pool, with the deployment."""
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    found = Flow.from_source(source=str(CHECKOUT), entrypoint=ENTRYPOINT)
    assert isinstance(found, Flow)
    found.deploy(gpu_flow.name, work_pool_name=POOL, build=False, push=False, print_next_steps=False)


def test_a_worker_that_was_killed_is_noticed(
    pool: None, data: ArtifactRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows as online for a while, so the run is handed over; nobody starts it."""
    monkeypatch.setattr(routing, "LOST_SECONDS", 0.5)
    monkeypatch.setattr(routing, "POLL_SECONDS", 0.2)

    def notice() -> None:
        wait_for_state("Scheduled")
        with get_client(sync_client=True) as client:
            client.request("DELETE", f"/work_pools/{POOL}/workers/killed")

    with get_client(sync_client=True) as client:
        client.send_worker_heartbeat(POOL, "killed", heartbeat_interval_seconds=30)
        assert online_workers(client) == ["killed"]
    thread = threading.Thread(target=notice)
    thread.start()
    with pytest.raises(NoGpuWorker, match="its worker is gone: run `finloom worker gpu-pool`"):
        on_gpu_pool(gpu_flow, device="cuda", data=data)
    thread.join()
    wait_for_state("Cancelled")


@pytest.fixture(scope="module")
def worker(pool: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A process worker of the pool, which finds the store by the block on the server; its home."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MINIO_", "FINLOOM_"))}
    api = str(PREFECT_API_URL.value())
    mine = {
        "PREFECT_API_URL": api,
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PYTHONPATH": str(CHECKOUT),
        "FINLOOM_HOME": str(home),
    }
    command = ["worker", "start", "--pool", POOL, "--type", "process", "--install-policy", "never"]
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", *command], env=kept | mine, cwd=CHECKOUT, start_new_session=True
    )
    try:
        with get_client(sync_client=True) as client:
            deadline = time.monotonic() + PATIENCE
            while not online_workers(client):
                assert process.poll() is None and time.monotonic() < deadline, "the worker did not start"
                time.sleep(0.2)
        yield home
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@flow(name="parent", persist_result=False)
def parent(data: ArtifactRef) -> ArtifactRef:
    return on_gpu_pool(gpu_flow, device="cuda", data=data)


@pytest.mark.stack
def test_a_worker_runs_the_flow_and_hands_it_back(
    worker: Path, prefect_store: ArtifactStore, data: ArtifactRef
) -> None:
    ref = parent(data)
    assert ref.kind == "gpu"
    assert pid_of(prefect_store, ref) != os.getpid()
    (run, *_) = runs()
    assert (run["state_name"], run["parent_task_run_id"] is not None) == ("Completed", True)


@pytest.mark.stack
@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("fail", r"ended on gpu-pool as Failed: .*the loss is not a number \(see .*/runs/flow-run/"),
        ("forget", "completed without a result .* must end with `return hand_back"),
        ("die", "ended on gpu-pool as Crashed: .* retry this run"),
    ],
)
def test_a_child_that_fails_is_named(worker: Path, data: ArtifactRef, behaviour: str, message: str) -> None:
    with pytest.raises(ChildFailed, match=message):
        on_gpu_pool(gpu_flow, device="cuda", data=data, behaviour=behaviour)


class Cancelled(BaseException):
    """Like Prefect's own: no `Exception`."""


@pytest.mark.stack
def test_who_cancels_the_parent_cancels_the_child(worker: Path, data: ArtifactRef) -> None:
    """Down to the last process of the program that the child runs."""

    def interrupt() -> None:
        pids(worker)
        os.kill(os.getpid(), signal.SIGUSR1)

    def cancel(number: int, frame: object) -> None:
        raise Cancelled

    signal.signal(signal.SIGUSR1, cancel)
    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(Cancelled):
        on_gpu_pool(gpu_flow, device="cuda", data=data, behaviour="train")
    thread.join()
    wait_for_state("Cancelled")
    wait_for(lambda: all(map(gone, pids(worker).values())))
