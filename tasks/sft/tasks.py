"""The task of supervised fine-tuning: a model and exercises in, an adapter out."""

from collections.abc import Sequence
from pathlib import Path

from blocks.prefect_blocks import load_store
from datasets_registry.artifact import ArtifactRef
from tasks.agent.exercises import read_exercises
from tasks.checkpoints.folder import check_model_folder
from tasks.runtime.keys import Identity
from tasks.runtime.metrics import Metric, read_verl
from tasks.runtime.steps import Made, step
from tasks.runtime.workplace import workplace
from tasks.sft.command import sft_program
from tasks.sft.config import SftConfig
from tasks.sft.rows import write_rows
from tasks.verl.command import HELD_OUT, MODEL, TRAIN
from tasks.verl.tasks import METRICS, VerlTraining, train

VERSION = "2026.11.21"


@step(Identity("train-sft", VERSION, ("pyarrow",), tools=("verl",)), timeout_hours=1000, tags=("gpu",))
def train_adapter(base: ArtifactRef, exercises: ArtifactRef, config: SftConfig) -> Made:
    """Teach a model the worked solutions; a run that was killed goes on from its newest whole checkpoint."""
    store = load_store()
    with workplace(store) as place:
        check_model_folder(place.stage(base, MODEL))
        drawn = place.stage(exercises, "exercises")
        learnt, held_out = read_exercises(drawn / "train.jsonl"), read_exercises(drawn / "held_out.jsonl")
        steps = config.total_steps(len(learnt), len(held_out))
        write_rows(place.folder / TRAIN, learnt)
        write_rows(place.folder / HELD_OUT, held_out)

        training = VerlTraining(
            program=lambda measured, checkpoint: sft_program(config, steps, checkpoint),
            metrics=_metrics,
            steps=steps,
            shards="",
            device=config.device,
        )
        ref = store.publish("training/sft", store.add_folder(train(place, base, training)))
    return Made(ref, {"exercises": len(learnt), "steps": steps})


def _metrics(tries: Sequence[Path]) -> list[Metric]:
    return read_verl(*(folder / METRICS for folder in tries))
