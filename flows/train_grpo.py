"""A model that answers in steps to one that answers better, by rewards: `finloom run train-grpo`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from tasks.checkpoints.tasks import merge_adapter
from tasks.grpo.config import GrpoConfig
from tasks.grpo.tasks import train_adapter
from tasks.reasoning.config import ExerciseConfig
from tasks.reasoning.tasks import draw_exercises
from tasks.runtime.published import published
from tasks.runtime.routing import hand_back
from tasks.verl.tasks import publish_model


@flow(name="train-grpo", persist_result=False)
def train_grpo(
    model: str = "sft",
    exercises: ExerciseConfig = ExerciseConfig(),
    grpo: GrpoConfig = GrpoConfig(),
    name: str = "grpo",
) -> ArtifactRef:
    """Reinforce a model with LoRA by GRPO, merge the adapter, prove the merge, put the model in force.

    Args:
        model: The name of a model in force, or the sha256 of one.
        exercises: What it is asked, and what is held out.
        grpo: How it is trained and what earns a reward.
        name: The name under which the model is put in force.
    """
    start = published("model", model)
    drawn = draw_exercises(exercises)
    training = train_adapter(start, drawn, grpo)
    merged = merge_adapter(start, training)
    return hand_back(publish_model(merged, training, name))
