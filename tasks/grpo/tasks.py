"""The task of reinforcement: a model and exercises in, an adapter out."""

from collections.abc import Sequence
from pathlib import Path

from blocks.prefect_blocks import load_store
from datasets_registry.artifact import ArtifactRef
from tasks.agent.exercises import read_exercises
from tasks.checkpoints.folder import check_model_folder
from tasks.grpo.command import grpo_program
from tasks.grpo.config import GrpoConfig
from tasks.grpo.judged import TRAIN as LEARNT
from tasks.grpo.judged import read_judged
from tasks.grpo.rows import write_rows
from tasks.runtime.keys import Identity
from tasks.runtime.metrics import Metric, read_verl
from tasks.runtime.steps import Made, step
from tasks.runtime.workplace import workplace
from tasks.verl.command import HELD_OUT, MODEL, TRAIN
from tasks.verl.tasks import METRICS, VerlTraining, train

VERSION = "2026.11.21"


@step(Identity("train-grpo", VERSION, ("pyarrow",), tools=("verl",)), timeout_hours=1000, tags=("gpu",))
def train_adapter(base: ArtifactRef, exercises: ArtifactRef, config: GrpoConfig) -> Made:
    """Reinforce a model by rewards; a run that was killed goes on from its newest whole checkpoint."""
    store = load_store()
    with workplace(store) as place:
        check_model_folder(place.stage(base, MODEL))
        drawn = place.stage(exercises, "exercises")
        asked, held_out = read_exercises(drawn / "train.jsonl"), read_exercises(drawn / "held_out.jsonl")
        steps = config.total_steps(len(asked))
        write_rows(place.folder / TRAIN, asked, LEARNT)
        write_rows(place.folder / HELD_OUT, held_out, "held_out")

        training = VerlTraining(
            program=lambda measured, checkpoint: grpo_program(config, steps, measured, checkpoint),
            metrics=_metrics,
            steps=steps,
            shards="actor",
            device=config.device,
        )
        ref = store.publish("training/grpo", store.add_folder(train(place, base, training)))
    return Made(ref, {"exercises": len(asked), "steps": steps})


def _metrics(tries: Sequence[Path]) -> list[Metric]:
    """verl's own, and the parts of the reward, which verl logs for validation only; by step."""
    found = [*read_verl(*(folder / METRICS for folder in tries)), *read_judged(tries)]
    return sorted(found, key=lambda metric: metric.step)
