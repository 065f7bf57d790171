"""The command line of reinforcement: settings in, `python -m verl.trainer.main_ppo` out."""

from pathlib import Path

from tasks.grpo.config import GrpoConfig
from tasks.runtime.programs import Program
from tasks.verl.command import (
    IN_FOLDER,
    VERL,
    Value,
    environment,
    overrides,
    resumption,
    unset,
)

TRAINER = "verl.trainer.main_ppo"
ROLLOUT = "tasks.grpo.programs.hf_rollout"


def grpo_program(config: GrpoConfig, steps: int, judged: str, checkpoint: str | None = None) -> Program:
    """verl's PPO trainer, to be run in a folder with the model and the rows.

    Args:
        config: the settings.
        steps: training steps to the end.
        judged: a folder for the responses as they were judged.
        checkpoint: where a killed training goes on from.
    """
    values: dict[str, Value] = {
        **config.model_dump(exclude={"max_steps", "hours", "device", "rewards"}),
        "weights": config.rewards.model_dump(),
        "steps": steps,
        "remove_padding": config.attention == "flash_attention_2",
        **IN_FOLDER,
        "judged": judged,
    }
    given = overrides(Path(__file__).parent, config.device, values)
    return Program(
        VERL,
        ("python", "-m", TRAINER, *given, *resumption(checkpoint)),
        environment(config.device, (ROLLOUT,)),
        unset(config.device),
        hours=config.hours,
    )
