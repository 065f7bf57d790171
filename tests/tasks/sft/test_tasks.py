"""The real training on a very small model: killed, resumed from its newest checkpoint, merged, proven, put in force."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prefect import flow

from blocks.history import current
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from tasks.checkpoints.tasks import merge_adapter
from tasks.runtime.metrics import read_metrics, series
from tasks.runtime.tools import Tool
from tasks.sft.config import SftConfig
from tasks.sft.tasks import train_adapter
from tasks.verl.tasks import publish_base, publish_model
from tests.tasks.verl.training import in_artifact, kill_in_mid_training, publish_inputs

pytestmark = pytest.mark.verl

CONFIG = SftConfig(
    device="cpu",
    learning_rate=1e-3,
    epochs=12,
    batch_size=8,
    micro_batch_size=8,
    liger=False,
    save_steps=4,
    eval_steps=8,
)
STEPS = 24


@flow(persist_result=False)
def train(base: ArtifactRef, exercises: ArtifactRef) -> ArtifactRef:
    return train_adapter(base, exercises, CONFIG)


@flow(persist_result=False)
def finish(base: ArtifactRef, training: ArtifactRef) -> ArtifactRef:
    return publish_model(merge_adapter(publish_base(base), training), training, "t")


def test_a_model_is_trained_through_a_kill_and_put_in_force(
    prefect_store: ArtifactStore,
    tool: Callable[[str], Tool],
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    store, inputs = prefect_store, publish_inputs(prefect_store, tiny_model, 16)
    stopped = kill_in_mid_training(tmp_path / "home", f"{__name__}:train", inputs)
    assert 0 < stopped < STEPS

    training = train(*inputs)
    (log,) = (store.get(key)[0].decode() for key in store.keys("logs/train-sft/") if "torchrun" in key)
    assert log.count("Loaded LoRA-only checkpoint") == 1
    names = {entry.name for entry in store.tree(training).files}
    assert names == {
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "metrics.jsonl",
        "command.json",
    }
    metrics = read_metrics(store.materialise(training, tmp_path / "training") / "metrics.jsonl")
    losses = series(metrics, "loss")
    assert [step for step, _ in losses] == list(range(1, STEPS + 1))
    assert losses[-1][1] < losses[0][1]
    assert [step for step, _ in series(metrics, "eval_loss")] == [8, 16, 24]
    argv = in_artifact(store, training, "command.json")["argv"]
    assert argv[-1] == "trainer.resume_mode=disable"
    assert in_artifact(store, training, "adapter/adapter_config.json")["r"] == 32

    model = finish(inputs[0], training)
    pointer, base = current(store, "model", "t"), current(store, "model", "base")
    assert pointer is not None and pointer.target == model and model.kind == "model"
    assert pointer.evidence["ended"]["steps"] == STEPS  # type: ignore[index,call-overload]
    assert base is not None and base.target == inputs[0]
    assert list((tmp_path / "home" / "work").iterdir()) == []
