"""What the training steps share: a training by verl that goes on where it was killed, and a model put in force."""

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import gettempdir

import orjson
from pydantic import JsonValue

from blocks.history import promote
from blocks.prefect_blocks import load_store
from datasets_registry.artifact import ArtifactRef
from tasks.checkpoints.newest import newest_verl
from tasks.checkpoints.safetensors_file import check_safetensors
from tasks.runtime.keys import Identity
from tasks.runtime.metrics import Metric, parse_metrics, write_metrics
from tasks.runtime.programs import Program, ProgramFailed
from tasks.runtime.steps import Made, step
from tasks.runtime.workplace import Workplace
from tasks.verl.command import CHECKPOINTS, MEASURED, adapter_program
from tasks.verl.config import Device

VERSION = "2026.11.21"

METRICS = "metrics.jsonl"
TELLING = ("loss", "eval_loss", "reward", "eval_reward")
LAST_STEPS = 5
"""Training steps over which the evidence of a promotion takes its means."""


@dataclass(frozen=True, slots=True)
class VerlTraining:
    """One training by verl.

    Attributes:
        program: the command line of a try, from the folder that gets its metrics and the checkpoint it goes on from.
        metrics: what was measured, read from the folders of all tries.
        steps: training steps to the end.
        shards: where in a checkpoint the weights lie.
        device: what it runs on.
    """

    program: Callable[[str, str | None], Program]
    metrics: Callable[[Sequence[Path]], list[Metric]]
    steps: int
    shards: str
    device: Device


def train(place: Workplace, base: ArtifactRef, training: VerlTraining) -> Path:
    """Train to the end, from the newest whole checkpoint where there is one; returns the folder to be published.

    The model and the rows are in place. The folder holds the adapter, the metrics and the command.

    Raises:
        ProgramFailed: verl failed, or ended well without a checkpoint of the last step.
        DamagedFile: the adapter is not whole.
    """
    newest = newest_verl(place.folder / CHECKPOINTS)
    if newest is None or _step(newest) < training.steps:
        _try(place, training, newest)
        newest = newest_verl(place.folder / CHECKPOINTS)
    if newest is None or _step(newest) < training.steps:
        found = f"step {_step(newest)}" if newest else "no step"
        raise ProgramFailed(
            f"verl ended well and left a whole checkpoint of {found}, wanted one of step {training.steps}; see its log"
        )
    shards = newest.relative_to(place.folder) / training.shards
    place.run(adapter_program(str(shards), "extracted", training.device))
    return _published(place, base, training)


@step(Identity("publish-base", VERSION), cached=False)
def publish_base(base: ArtifactRef, name: str = "base") -> Made:
    """Put the model that training starts from in force, to be compared with; what was stored as a model was checked."""
    promote(load_store(), "model", name, base, {"checked": "whole safetensors, no code of its own"})
    return Made(base)


@step(Identity("publish-model", VERSION), cached=False)
def publish_model(model: ArtifactRef, training: ArtifactRef, name: str) -> Made:
    """Put a merged model in force; the evidence is the proof of its merge and how its training ended."""
    store = load_store()
    proof = orjson.loads(store.read(model, "proof.json"))
    metrics = parse_metrics(store.read(training, METRICS))
    evidence: dict[str, JsonValue] = {"training": training.sha256, "merge": proof, "ended": _ended(metrics)}
    promote(store, "model", name, model, evidence)
    return Made(model)


def _try(place: Workplace, training: VerlTraining, checkpoint: Path | None) -> None:
    """Run verl once."""
    turn = f"{MEASURED}/{len(_tries(place)):04d}"
    (place.folder / turn).mkdir(parents=True)
    program = training.program(turn, str(checkpoint.relative_to(place.folder)) if checkpoint else None)
    with _short_folder(place) as ray:
        variables = {"VERL_FILE_LOGGER_PATH": str(place.folder / turn / METRICS), "RAY_TMPDIR": str(ray)}
        place.run(
            replace(program, env={**program.env, **variables}),
            lambda: training.metrics(_tries(place)),
            training.steps,
        )


@contextmanager
def _short_folder(place: Workplace) -> Iterator[Path]:
    """Where Ray leaves its session: paths of sockets have at most 107 bytes. A killed try leaves it to the next one."""
    name = hashlib.sha256(str(place.folder).encode()).hexdigest()[:12]
    folder = Path(gettempdir()) / f"ray-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tries(place: Workplace) -> list[Path]:
    """The folders of what was measured, the earliest try first."""
    return sorted((place.folder / MEASURED).glob("*"))


def _step(checkpoint: Path) -> int:
    return int(re.sub(r"\D", "", checkpoint.name))


def _published(place: Workplace, base: ArtifactRef, training: VerlTraining) -> Path:
    """Adapter, metrics and command; nothing that names this machine or how often it was resumed."""
    folder = place.folder / "published"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(place.folder / "extracted" / "lora_adapter", folder / "adapter")
    check_safetensors(folder / "adapter" / "adapter_model.safetensors")
    config = folder / "adapter" / "adapter_config.json"
    settings = orjson.loads(config.read_bytes()) | {"base_model_name_or_path": base.sha256}
    config.write_bytes(orjson.dumps(settings, option=orjson.OPT_INDENT_2))
    write_metrics(folder / METRICS, training.metrics(_tries(place)))
    program = training.program(f"{MEASURED}/0000", None)
    command = {"argv": program.argv, "env": dict(program.env)}
    (folder / "command.json").write_bytes(orjson.dumps(command, option=orjson.OPT_INDENT_2))
    return folder


def _ended(metrics: Sequence[Metric]) -> dict[str, JsonValue]:
    """The steps that were done, and the means of losses and rewards over the last of them."""
    last = metrics[-1].step if metrics else 0
    late: dict[str, list[float]] = {}
    for metric in metrics:
        if metric.step > last - LAST_STEPS and metric.name.partition("/")[0] in TELLING:
            late.setdefault(metric.name, []).append(metric.value)
    return {"steps": last, **{name: sum(values) / len(values) for name, values in sorted(late.items())}}
