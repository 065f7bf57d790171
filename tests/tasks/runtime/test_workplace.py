"""The folder that a step works in: kept by failures and kills, removed by success, never shared; its log is stored."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL

from blocks import history
from blocks.home import CHECKOUT
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from tasks.runtime.keys import Identity
from tasks.runtime.metrics import read_metrics
from tasks.runtime.programs import Program, ProgramFailed
from tasks.runtime.steps import Made, step
from tasks.runtime.workplace import Workplace, WorkplaceTaken, workplace

TRAIN = """
import json, os, pathlib, signal, sys, time
data = pathlib.Path("data/rows").read_text()
start = int(pathlib.Path("checkpoint").read_text()) if os.path.exists("checkpoint") else 0
print("data", data, "from step", start, flush=True)
with open("metrics.jsonl", "a") as metrics:
    for step in range(start + 1, 5):
        print(json.dumps({"step": step, "name": "loss", "value": 1 / step}), file=metrics, flush=True)
        pathlib.Path("checkpoint").write_text(str(step))
        if os.environ.get("FAIL_AT") == str(step):
            sys.exit("no luck at step " + str(step))
        if os.environ.get("HANG_AT") == str(step):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            pathlib.Path("hanging").write_text(str(os.getpid()))
            time.sleep(600)
pathlib.Path("model").write_text(f"trained on {data}")
"""
PATIENCE = 5.0
"""Longer than the grace of the program, shorter than a test should wait."""

BODY: list[Callable[[Workplace], None]] = []


@step(Identity("train-fake", "1", tools=("fake",)))
def train_fake(data: ArtifactRef) -> Made:
    from blocks.prefect_blocks import load_store

    store = load_store()
    with workplace(store, patience=PATIENCE) as place:
        place.stage(data, "data")
        if BODY:
            BODY.pop()(place)
        metrics = place.folder / "metrics.jsonl"
        place.run(
            Program("fake", ("train",), grace=1),
            lambda: read_metrics(metrics) if metrics.exists() else [],
            total_steps=4,
        )
        ref = store.publish("training/fake", [store.add_file("model", (place.folder / "model").read_bytes())])
    return Made(ref)


@flow(name="train-flow", persist_result=False)
def train_flow(data: ArtifactRef) -> ArtifactRef:
    return train_fake(data)


@pytest.fixture
def home(
    prefect_store: ArtifactStore,
    fake_tool: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    fake_tool(train=TRAIN)
    BODY.clear()
    yield tmp_path / "home"


@pytest.fixture
def data(prefect_store: ArtifactStore, tmp_path: Path) -> ArtifactRef:
    """Another one for each test, so that each has its own action."""
    return prefect_store.publish("data", [prefect_store.add_file("rows", tmp_path.name.encode(), 1)])


def logs(store: ArtifactStore) -> dict[str, str]:
    return {key: store.get(key)[0].decode() for key in store.keys("logs/")}


def test_success_removes_the_folder_and_leaves_the_log(
    prefect_store: ArtifactStore, home: Path, data: ArtifactRef, tmp_path: Path
) -> None:
    ref = train_flow(data)
    assert prefect_store.get_blob(prefect_store.tree(ref).file("model").sha256).startswith(b"trained on")
    assert list((home / "work").iterdir()) == []
    (action,) = history.actions(prefect_store)
    assert logs(prefect_store) == {
        f"logs/train-fake/{action.key}/1-train.log": f"data {tmp_path.name} from step 0\n"
    }
    assert action.tool_lock is not None and action.tool_lock.startswith("fake=")


def test_failure_keeps_the_folder_and_the_next_run_goes_on(
    prefect_store: ArtifactStore, home: Path, data: ArtifactRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL_AT", "2")
    with pytest.raises(ProgramFailed, match=r"train ended with exit code 1(?s:.*)no luck at step 2"):
        train_flow(data)
    assert "no luck at step 2" in "".join(logs(prefect_store).values())
    assert list(history.actions(prefect_store)) == []
    monkeypatch.delenv("FAIL_AT")
    train_flow(data)
    (log,) = logs(prefect_store).values()
    assert [line.split()[-1] for line in log.splitlines()] == ["0", "2", "2"]
    assert list((home / "work").iterdir()) == []


def test_metrics_are_seen_in_the_ui(prefect_store: ArtifactStore, home: Path, data: ArtifactRef) -> None:
    train_flow(data)
    with get_client(sync_client=True) as client:
        found = client.request("POST", "/artifacts/latest/filter", json={}).json()
    by_key = {artifact["key"]: artifact["data"] for artifact in found}
    assert by_key["train-fake"] == 100.0
    assert "## Step 4 of 4" in by_key["train-fake-metrics"]
    assert "loss `█▃▂▁` 1 → 0.25" in by_key["train-fake-metrics"]


def test_a_damaged_input_is_fetched_again(
    prefect_store: ArtifactStore, home: Path, data: ArtifactRef
) -> None:
    def damage(place: Workplace) -> None:
        path = place.folder / "data" / "rows"
        good = path.read_bytes()
        path.write_bytes(b"!" * len(good))
        assert place.stage(data, "data") == place.folder / "data"
        assert path.read_bytes() == good

    BODY.append(damage)
    train_flow(data)


def test_a_full_disk_is_one_sentence(prefect_store: ArtifactStore, home: Path, data: ArtifactRef) -> None:
    def fill(place: Workplace) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    BODY.append(fill)
    with pytest.raises(ProgramFailed, match=r"train-fake could not write to .*No space left .*MiB free"):
        train_flow(data)
    assert train_flow(data).kind == "training/fake"


def test_a_second_process_is_refused(prefect_store: ArtifactStore, home: Path, data: ArtifactRef) -> None:
    def rival(place: Workplace) -> None:
        lock = place.folder.with_name(f"{place.folder.name}.lock")
        done = subprocess.run(
            [sys.executable, "-c", "import fcntl, sys; fcntl.flock(open(sys.argv[1]), 6)", str(lock)],
            capture_output=True,
            text=True,
        )
        assert "BlockingIOError" in done.stderr

    BODY.append(rival)
    train_flow(data)


def test_we_wait_for_another_run_and_then_say_who_it_is(
    prefect_store: ArtifactStore, home: Path, data: ArtifactRef
) -> None:
    BODY.append(lambda place: (_ for _ in ()).throw(ValueError("leave the folder")))
    with pytest.raises(ValueError, match="leave the folder"):
        train_flow(data)
    (lock,) = (home / "work").glob("*.lock")
    lock.write_text("process 1 of somebody@elsewhere")
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(WorkplaceTaken, match=r"another run \(process 1 of somebody@elsewhere\)"):
            train_flow(data)
    train_flow(data)


DRIVER = """
import sys
import time
from pathlib import Path
from datasets_registry.artifact import ArtifactRef
from tests.fakes.tool import install_fake_tool
from tests.tasks.runtime.test_workplace import train_flow
install_fake_tool(Path(sys.argv[1]), {})
train_flow(ArtifactRef.model_validate_json(sys.argv[2]))
"""


def test_a_killed_run_goes_on_where_it_was(
    prefect_store: ArtifactStore,
    home: Path,
    data: ArtifactRef,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variables = os.environ | {
        "HANG_AT": "3",
        "PREFECT_API_URL": PREFECT_API_URL.value(),
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [sys.executable, "-c", DRIVER, str(tmp_path), data.model_dump_json()]
    driver = subprocess.Popen(command, env=variables, cwd=CHECKOUT, start_new_session=True)
    deadline = time.monotonic() + 120
    while not list((home / "work").glob("*/hanging")):
        assert driver.poll() is None and time.monotonic() < deadline, "the training did not start"
        time.sleep(0.1)
    (hanging,) = (home / "work").glob("*/hanging")
    pid = int(hanging.read_text())
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    # Deaf to SIGTERM, the program of the killed run lives on for its grace: we must not train beside it.
    BODY.append(lambda place: none_lives(pid))
    train_flow(data)
    (log,) = logs(prefect_store).values()
    assert [line.split()[-1] for line in log.splitlines()] == ["0", "3"]


def none_lives(pid: int) -> None:
    assert not psutil.pid_exists(pid), "two runs in one folder"
