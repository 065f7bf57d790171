"""The tasks of the reasoning stage: exercises whose answers can be checked."""

import tempfile
from pathlib import Path

from blocks.prefect_blocks import load_store
from datasets_registry.artifact import ArtifactRef
from datasets_registry.sample.exercises.draw import draw
from datasets_registry.sample.generate import fingerprint, generate
from tasks.agent.exercises import exercises_as_lines
from tasks.reasoning.config import ExerciseConfig
from tasks.runtime.keys import Identity
from tasks.runtime.steps import Made, step

VERSION = "2026.11.21"


def draw_exercises(config: ExerciseConfig) -> ArtifactRef:
    """Exercises to learn from and others to be examined on: an artifact of `train.jsonl` and `held_out.jsonl`.

    Their facts are from the sample corpus of this checkout, so a changed sample draws them anew.
    """
    return draw_from_sample(config, fingerprint())


@step(Identity("draw-exercises", VERSION))
def draw_from_sample(config: ExerciseConfig, sample: str) -> Made:
    """Draw exercises with the sample corpus whose generator has this fingerprint, the present one."""
    store = load_store()
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        drawn = draw(Path(scratch), config.seed, config.count, config.held_out)
    files = [
        store.add_file(f"{name}.jsonl", exercises_as_lines(exercises), len(exercises))
        for name, exercises in (("train", drawn.train), ("held_out", drawn.held_out))
    ]
    counts = {"train": len(drawn.train), "held_out": len(drawn.held_out)}
    return Made(store.publish("exercises", files), counts)
