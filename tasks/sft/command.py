"""The command line of supervised fine-tuning: settings in, `torchrun ... verl.trainer.sft_trainer` out."""

from pathlib import Path

from tasks.runtime.programs import Program
from tasks.sft.config import SftConfig
from tasks.verl.command import (
    IN_FOLDER,
    VERL,
    Value,
    environment,
    overrides,
    resumption,
    unset,
)

TRAINER = "verl.trainer.sft_trainer"


def sft_program(config: SftConfig, steps: int, checkpoint: str | None = None) -> Program:
    """verl's SFT trainer, to be run in a folder with the model and the rows.

    Args:
        config: the settings.
        steps: training steps to the end.
        checkpoint: where a killed training goes on from.
    """
    values: dict[str, Value] = {
        **config.model_dump(exclude={"max_steps", "hours", "device"}),
        "steps": steps,
        "passes": config.epochs + 1,
        "remove_padding": config.attention == "flash_attention_2",
        **IN_FOLDER,
    }
    processes = config.gpus if config.device == "cuda" else 1
    launch = ("torchrun", "--standalone", "--nnodes=1", f"--nproc_per_node={processes}", "-m", TRAINER)
    given = overrides(Path(__file__).parent, config.device, values)
    return Program(
        VERL,
        (*launch, *given, *resumption(checkpoint)),
        environment(config.device),
        unset(config.device),
        hours=config.hours,
    )
