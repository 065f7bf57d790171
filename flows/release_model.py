"""A model to files and servers that others can use, with their proof: `finloom run release-model --set model=grpo`."""

from prefect import flow

from datasets_registry.artifact import ArtifactRef
from tasks.reasoning.config import ExerciseConfig
from tasks.reasoning.tasks import draw_exercises
from tasks.release.config import ReleaseConfig
from tasks.release.tasks import (
    convert_model,
    publish_release,
    quantise_model,
    stress_llama,
    stress_vllm,
    write_card,
)
from tasks.runtime.published import published
from tasks.runtime.routing import hand_back


@flow(name="release-model", persist_result=False)
def release_model(
    model: str = "grpo",
    release: ReleaseConfig = ReleaseConfig(),
    exercises: ExerciseConfig = ExerciseConfig(),
    examined: str | None = None,
    name: str = "release",
) -> ArtifactRef:
    """Quantise a model, prove that it is still the model, serve and stress it, and write its release card.

    Args:
        model: The name of a model in force, or the sha256 of one.
        release: What is made, proven and measured.
        exercises: The questions of the stress test are those that are held out of these.
        examined: The sha256 of an evaluation whose table stands on the card.
        name: The name under which the release is put in force.
    """
    chosen = published("model", model)
    asked = draw_exercises(exercises)
    gguf = quantise_model(chosen, convert_model(chosen, release.gguf), release.gguf)
    llama = vllm = None
    if "llama" in release.engines:
        llama = stress_llama(gguf, asked, release.serving, release.stress)
    if "vllm" in release.engines:
        vllm = stress_vllm(chosen, asked, release.serving, release.stress)
    measured = published("model", examined) if examined else None
    card = write_card(chosen, gguf, llama, vllm, measured, release.gguf)
    return hand_back(publish_release(card, name))
