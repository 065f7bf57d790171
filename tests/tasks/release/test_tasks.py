"""The whole release of a tiny model by the real tools: converted, proven, served, stressed, described; then cached."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import psutil
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.settings import PREFECT_API_URL

from blocks import history
from blocks.home import CHECKOUT
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Exercise
from tasks.agent.exercises import exercises_as_lines
from tasks.release.card import ReleaseCard
from tasks.release.config import GgufConfig, ServingConfig, StressConfig
from tasks.release.endpoint import Endpoint, chat, is_healthy, take_port
from tasks.release.llama_server import ON_CPU
from tasks.release.servers import NAME
from tasks.release.tasks import (
    convert_model,
    publish_release,
    quantise_model,
    stress_llama,
    stress_vllm,
    write_card,
)
from tasks.runtime.tools import Tool

MakeModel = Callable[[int], Path]

SERVING = ServingConfig(device="cpu", context=512, slots=2, threads=1)
STRESS = StressConfig(parallel=(1, 2), number=(2, 4), max_tokens=8)


@flow(persist_result=False)
def release(model: ArtifactRef, exercises: ArtifactRef) -> ArtifactRef:
    config = GgufConfig()
    gguf = quantise_model(model, convert_model(model, config), config)
    llama = stress_llama(gguf, exercises, SERVING, STRESS)
    return publish_release(write_card(model, gguf, llama, None, None, config), "release")


@flow(persist_result=False)
def stress(model: ArtifactRef, exercises: ArtifactRef) -> ArtifactRef:
    return stress_vllm(model, exercises, SERVING, STRESS)


@pytest.fixture
def model(
    prefect_store: ArtifactStore, tiny_qwen3: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ArtifactRef:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    return prefect_store.publish("model", prefect_store.add_folder(tiny_qwen3(256)))


@pytest.fixture
def exercises(prefect_store: ArtifactStore) -> ArtifactRef:
    rows = [
        Exercise(str(i), "number", "ratio", f"营业收入由{i}亿元增至{2 * i}亿元，增长多少？", "100%", "", ())
        for i in range(1, 9)
    ]
    return prefect_store.publish(
        "exercises", [prefect_store.add_file("held_out.jsonl", exercises_as_lines(rows), len(rows))]
    )


@pytest.mark.gguf
@pytest.mark.evalscope
def test_a_release_is_proven_measured_described_and_cached(
    tool: Callable[[str], Tool], prefect_store: ArtifactStore, model: ArtifactRef, exercises: ArtifactRef
) -> None:
    tool("evalscope")
    ref = release(model, exercises)
    tree = prefect_store.tree(ref)
    card = ReleaseCard.model_validate_json(prefect_store.get_blob(tree.file("card.json").sha256))
    assert {entry.name for entry in card.files} | {"card.json", "card.md"} == {
        entry.name for entry in tree.files
    }
    assert [proven.fallback for proven in card.proof.files] == [0, 0, 0]
    (measured,) = card.stress
    assert [(load.parallel, load.requests, load.failed) for load in measured.loads] == [(1, 2, 0), (2, 4, 0)]
    page = prefect_store.get_blob(tree.file("card.md").sha256).decode()
    assert "仅供演示" in page
    assert "15/15" in page
    pointer = history.current(prefect_store, "model", "release")
    assert pointer is not None
    assert pointer.target == ref
    done = [action.task for action in history.actions(prefect_store)]
    assert release(model, exercises) == ref
    again = [action.task for action in history.actions(prefect_store)]
    assert sorted(again) == sorted([*done, "publish-release"])


@pytest.mark.gguf
def test_serving_ends_with_its_run(
    prefect_store: ArtifactStore, gguf_files: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = prefect_store.publish("release/gguf", prefect_store.add_folder(gguf_files(256)))
    serving = SERVING.model_copy(update={"engine": "llama", "port": take_port(), "check_seconds": 1.0})
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PREFECT_API_URL", PREFECT_API_URL.value())
    code = f"""
from flows.serve_model import serve_model
from tasks.release.config import ServingConfig
serve_model({ref.sha256!r}, ServingConfig.model_validate_json({serving.model_dump_json()!r}))
"""
    run = subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT)
    try:
        key = tmp_path / "home" / "secrets" / "model-api-key"
        wait_until(lambda: key.exists() and is_healthy(Endpoint(serving.port, NAME, "x")), run)
        endpoint = Endpoint(serving.port, NAME, key.read_text())
        wait_until(lambda: "**就绪**" in shown(), run)
        assert chat(endpoint, [{"role": "user", "content": "1+1=？"}], 4).completion_tokens >= 1
        assert f"http://127.0.0.1:{serving.port}/v1" in shown()
        assert endpoint.key not in shown()

        servers = psutil.Process(run.pid).children(recursive=True)
        (server,) = [process for process in servers if process.cmdline()[1:3] == ["-m", ON_CPU]]
        server.kill()
        wait_until(lambda: "重启 | 1 次" in shown() and "**就绪**" in shown(), run)
        assert is_healthy(endpoint)
        started = psutil.Process(run.pid).children(recursive=True)
    finally:
        # As a worker does when its run is cancelled.
        run.terminate()
        run.wait(60)
    psutil.wait_procs(started, timeout=30)
    assert not [process for process in started if process.is_running()]
    assert "**已停止**" in shown()


def wait_until(there: Callable[[], bool], run: subprocess.Popen[bytes]) -> None:
    """Wait for something that a running process brings about."""
    while not there():
        assert run.poll() is None, "the run ended before"
        time.sleep(0.2)


def shown() -> str:
    """The health page of the latest deployment."""
    with get_client(sync_client=True) as client:
        pages = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["serve-model"]))
        )
    return str(pages[-1].data) if pages else ""


@pytest.mark.vllm
@pytest.mark.evalscope
@pytest.mark.slow
def test_vllm_serves_the_model_under_load(
    tool: Callable[[str], Tool], prefect_store: ArtifactStore, model: ArtifactRef, exercises: ArtifactRef
) -> None:
    tool("vllm")
    tool("evalscope")
    tree = prefect_store.tree(stress(model, exercises))
    measured = orjson.loads(prefect_store.get_blob(tree.file("stress.json").sha256))
    assert [load["failed"] for load in measured["loads"]] == [0, 0]
