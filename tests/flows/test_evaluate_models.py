"""Models that are in force, examined for real and laid side by side; a second run is served from the cache."""

from pathlib import Path

import pytest

from blocks import history
from blocks.store import ArtifactStore, MissingObject, local_copy
from flows.evaluate_models import evaluate_models
from tasks.evaluation.config import ExaminedModel, ModelEvalConfig
from tasks.evaluation.tasks import read_ablation
from tasks.reasoning.config import ExerciseConfig
from tests.tasks.checkpoints.conftest import run_verl, tiny

__all__ = ["run_verl", "tiny"]

EXERCISES = ExerciseConfig(count=30, held_out=6)
EVALUATION = ModelEvalConfig(device="cpu", batch=6, max_new_tokens=16)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))


def test_a_model_that_is_not_in_force_is_said_before_any_is_asked(prefect_store: ArtifactStore) -> None:
    with pytest.raises(MissingObject, match="no model is in force under 'base'"):
        evaluate_models(exercises=EXERCISES, examination=EVALUATION)
    assert list(history.actions(prefect_store)) == []


@pytest.mark.verl
def test_models_are_examined_once_and_compared(prefect_store: ArtifactStore, tiny: Path) -> None:
    model = prefect_store.publish("model", prefect_store.add_folder(tiny))
    history.promote(prefect_store, "model", "base", model, {})
    models = (
        ExaminedModel(label="base", model="base"),
        ExaminedModel(label="same again", model=model.sha256),
    )
    made = evaluate_models(models, EXERCISES, EVALUATION)
    assert made.kind == "evaluation/models"
    table = read_ablation(prefect_store, made)
    assert table.questions == 6
    assert [row.label for row in table.rows] == ["base", "same again"]
    base, again = table.rows
    assert base.perplexity == again.perplexity
    assert again.differences
    assert again.differences["perplexity"].value == 0
    folder = local_copy(prefect_store, made)
    assert (folder / "answers" / "same again.jsonl").read_bytes().count(b"\n") == 6
    assert "| same again |" in (folder / "ablation.md").read_text()
    done = [action.task for action in history.actions(prefect_store)]
    assert done.count("examine-model") == 1
    assert evaluate_models(models, EXERCISES, EVALUATION) == made
    again_done = [action.task for action in history.actions(prefect_store)]
    assert sorted(again_done) == sorted([*done, "present-models"])
