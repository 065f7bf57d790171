"""The real reinforcement on a very small model: Ray, rollouts, rewards; killed, and resumed from a checkpoint."""

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from prefect import flow

from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from tasks.grpo.config import GrpoConfig
from tasks.grpo.tasks import train_adapter
from tasks.runtime.metrics import read_metrics, series
from tasks.runtime.tools import Tool
from tests.tasks.verl.training import in_artifact, kill_in_mid_training, publish_inputs

pytestmark = [pytest.mark.verl, pytest.mark.slow]

CONFIG = GrpoConfig(
    device="cpu",
    learning_rate=1e-4,
    epochs=4,
    batch_size=4,
    mini_batch_size=4,
    samples=2,
    prompt_tokens=192,
    response_tokens=16,
    liger=False,
    save_steps=1,
    eval_steps=8,
    validation=4,
)
STEPS = 8


@flow(persist_result=False)
def train(base: ArtifactRef, exercises: ArtifactRef) -> ArtifactRef:
    return train_adapter(base, exercises, CONFIG)


def test_a_model_is_reinforced_through_a_kill(
    prefect_store: ArtifactStore,
    tool: Callable[[str], Tool],
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    store, inputs = prefect_store, publish_inputs(prefect_store, tiny_model, 8)
    stopped = kill_in_mid_training(tmp_path / "home", f"{__name__}:train", inputs)
    assert 0 < stopped < STEPS

    training = train(*inputs)
    (log,) = (store.get(key)[0].decode() for key in store.keys("logs/train-grpo/") if "main_ppo" in key)
    assert "Resuming from " in log
    metrics = read_metrics(store.materialise(training, tmp_path / "training") / "metrics.jsonl")
    for name in ("reward/format", "reward/answer"):
        assert [step for step, _ in series(metrics, name)] == list(range(1, STEPS + 1)), name
    for name in ("reward", "response_length", "kl"):
        # verl saves a step before it logs it, and may have been killed in between.
        assert {step for step, _ in series(metrics, name)} | {stopped} == set(range(1, STEPS + 1)), name
    assert {step for step, _ in series(metrics, "eval_reward/format")} == {STEPS}
    assert in_artifact(store, training, "adapter/adapter_config.json")["r"] == 32
    assert "trainer.resume_mode=disable" in in_artifact(store, training, "command.json")["argv"]
    assert list((tmp_path / "home" / "work").iterdir()) == []
    assert not [folder for folder in ray_folders() if str(tmp_path) in folder]


def ray_folders() -> list[str]:
    """The working folders of Ray's daemons on this machine, which may be others' than ours."""
    return [
        found.info["cwd"] or ""
        for found in psutil.process_iter(["name", "cwd"])
        if found.info["name"] in ("raylet", "gcs_server")
    ]
