"""What the tests of both trainings by verl share: a very small model, a few exercises, kill -9, hydra's composition."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from prefect.settings import PREFECT_API_URL

from blocks.home import CHECKOUT
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Exercise
from tasks.agent.exercises import exercises_as_lines
from tasks.checkpoints.newest import newest_verl
from tasks.runtime.programs import Program, run_program
from tasks.runtime.tools import Tool
from tests.tasks.checkpoints.conftest import tiny_arguments

PATIENCE = 600

COMPOSE = """
import importlib.util, json, sys
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
name, *overrides = sys.argv[1:]
(folder,) = importlib.util.find_spec("verl").submodule_search_locations
with initialize_config_dir(f"{folder}/trainer/config", version_base=None):
    composed = compose(name, overrides)
print(json.dumps(OmegaConf.to_container(composed, resolve=True)))
"""
"""Composes a command as verl does, without importing verl."""

AS_VERL_READS = """
import sys, json
from omegaconf import OmegaConf
from verl.utils.config import omega_conf_to_dataclass
for name, part in json.load(sys.stdin).items():
    print(name, type(omega_conf_to_dataclass(OmegaConf.create(part))).__name__)
"""
"""Turns parts of a composed config into verl's own classes, which refuse fields and values that they do not know."""


@pytest.fixture(scope="session")
def tiny_model(tool: Callable[[str], Tool], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Qwen3 that has learnt next to nothing."""
    tool("verl")
    folder = tmp_path_factory.mktemp("tiny")
    program = Program("verl", tuple(tiny_arguments(folder)), {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})
    run_program(program, folder, folder / "log", lambda line: None)
    return folder / "model"


def exercises(count: int, start: int = 0) -> list[Exercise]:
    """Sums, with worked solutions."""
    return [
        Exercise(
            id=f"e{number}",
            kind="number",
            topic="sum",
            question=f"{number}元加1元是多少元？",
            answer=f"{number + 1}元",
            solution=f"<think>Step1: {number}+1={number + 1}元。</think>"
            f"<answer><|box_start|>{number + 1}元<|box_end|></answer>",
        )
        for number in range(start, start + count)
    ]


def publish_inputs(store: ArtifactStore, model: Path, count: int) -> tuple[ArtifactRef, ArtifactRef]:
    """The model, and `count` exercises to learn from with a few held out."""
    files = [
        store.add_file("train.jsonl", exercises_as_lines(exercises(count)), count),
        store.add_file("held_out.jsonl", exercises_as_lines(exercises(8, 1000)), 8),
    ]
    return store.publish("model", store.add_folder(model)), store.publish("exercises", files)


def kill_in_mid_training(home: Path, flow: str, inputs: Sequence[ArtifactRef]) -> int:
    """Start `module:flow` in a process of its own and end it with kill -9 after a checkpoint; returns its step."""
    module, _, name = flow.partition(":")
    driver = (
        "import sys\nfrom datasets_registry.artifact import ArtifactRef\n"
        f"from {module} import {name}\n{name}(*map(ArtifactRef.model_validate_json, sys.argv[1:]))"
    )
    variables = os.environ | {"PREFECT_API_URL": PREFECT_API_URL.value(), "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", driver, *(ref.model_dump_json() for ref in inputs)]
    process = subprocess.Popen(command, env=variables, cwd=CHECKOUT, start_new_session=True)
    deadline = time.monotonic() + PATIENCE
    while not (found := [newest_verl(path) for path in home.glob("work/*/checkpoints")]) or not found[0]:
        assert process.poll() is None and time.monotonic() < deadline, "the training left no checkpoint"
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert found[0] is not None
    return int(found[0].name.removeprefix("global_step_"))


def compose(verl: Tool, name: str, program: Program) -> dict[str, Any]:
    """The config that verl makes of a command's overrides."""
    overrides = [word for word in program.argv if "=" in word and not word.startswith("--")]
    return json.loads(_run(verl, COMPOSE, "", name, *overrides))


def as_verl_reads(verl: Tool, parts: dict[str, Any]) -> list[str]:
    """The names of verl's own classes for parts of a config."""
    return _run(verl, AS_VERL_READS, json.dumps(parts)).splitlines()


def in_artifact(store: ArtifactStore, ref: ArtifactRef, name: str) -> Any:  # noqa: ANN401 JSON
    return orjson.loads(store.get_blob(store.tree(ref).file(name).sha256))


def _run(verl: Tool, script: str, given: str, *arguments: str) -> str:
    command = [str(verl.program("python")), "-c", script, *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()
