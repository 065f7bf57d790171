"""A base model to one that answers in steps: `finloom run train-sft`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from tasks.checkpoints.config import BaseConfig
from tasks.checkpoints.tasks import base_model, merge_adapter
from tasks.reasoning.config import ExerciseConfig
from tasks.reasoning.tasks import draw_exercises
from tasks.runtime.routing import hand_back
from tasks.sft.config import SftConfig
from tasks.sft.tasks import train_adapter
from tasks.verl.tasks import publish_base, publish_model


@flow(name="train-sft", persist_result=False)
def train_sft(
    base: BaseConfig = BaseConfig(),
    exercises: ExerciseConfig = ExerciseConfig(),
    sft: SftConfig = SftConfig(),
    name: str = "sft",
) -> ArtifactRef:
    """Teach a model worked solutions with LoRA, merge the adapter, prove the merge, put the model in force.

    Args:
        base: The model to start from; it is put in force as `base`.
        exercises: What it learns from, and what is held out.
        sft: How it is trained.
        name: The name under which the model is put in force.
    """
    start = publish_base(base_model(base))
    drawn = draw_exercises(exercises)
    training = train_adapter(start, drawn, sft)
    model = merge_adapter(start, training)
    return hand_back(publish_model(model, training, name))
