"""Exercises are drawn once and published in two files; their facts are from the sample corpus of this checkout."""

import pytest
from prefect import flow

from blocks import history
from blocks.store import ArtifactStore, local_copy
from datasets_registry.artifact import ArtifactRef
from tasks.agent.exercises import read_exercises
from tasks.reasoning.config import ExerciseConfig
from tasks.reasoning.tasks import draw_exercises


@flow(persist_result=False)
def drawing(config: ExerciseConfig) -> ArtifactRef:
    return draw_exercises(config)


def test_exercises_are_published_in_two_disjoint_files(
    prefect_store: ArtifactStore, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path_factory.mktemp("home")))
    config = ExerciseConfig(count=50, held_out=10)
    ref = drawing(config)
    assert ref.kind == "exercises"
    assert drawing(config) == ref
    (action,) = history.actions(prefect_store)
    assert action.counts == {"train": 40, "held_out": 10}
    folder = local_copy(prefect_store, ref)
    train, held_out = (read_exercises(folder / f"{name}.jsonl") for name in ("train", "held_out"))
    assert (len(train), len(held_out)) == (40, 10)
    assert {e.question for e in train}.isdisjoint(e.question for e in held_out)
    assert {e.kind for e in train} == {e.kind for e in held_out} == {"number", "choice", "fact"}
    assert drawing(config.model_copy(update={"seed": 1})) != ref
