"""Models on exercises that none was trained on, side by side: `finloom run evaluate-models`."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from datasets_registry.artifact import ArtifactRef
from tasks.evaluation.config import ExaminedModel, ModelEvalConfig
from tasks.evaluation.tasks import compare_models, examine_model, present_models
from tasks.reasoning.config import ExerciseConfig
from tasks.reasoning.tasks import draw_exercises
from tasks.runtime.published import published
from tasks.runtime.routing import hand_back

THREE_STAGES = (
    ExaminedModel(label="base", model="base"),
    ExaminedModel(label="SFT", model="sft"),
    ExaminedModel(label="SFT+GRPO", model="grpo"),
)


@flow(name="evaluate-models", persist_result=False)
def evaluate_models(
    models: Annotated[tuple[ExaminedModel, ...], Field(min_length=1)] = THREE_STAGES,
    exercises: ExerciseConfig = ExerciseConfig(),
    examination: ModelEvalConfig = ModelEvalConfig(),
) -> ArtifactRef:
    """Let every model answer the held-out exercises; format, right answers and perplexity in one table.

    Args:
        models: What is compared, in the order of the table's rows; the first is what the others are compared with.
        exercises: Those that the models were trained on, so that the ones held out are held out.
        examination: How the models are asked.
    """
    chosen = [(model.label, published("model", model.model)) for model in models]
    drawn = draw_exercises(exercises)
    table: ArtifactRef | None = None
    for label, model in chosen:
        table = compare_models(table, examine_model(model, drawn, examination), drawn, label)
    assert table is not None, "there is at least one model"
    return hand_back(present_models(table))
