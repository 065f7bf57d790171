"""The command lines that GPU users and machines without one get are those of the golden files, and verl knows them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.runtime.programs import Program
from tasks.runtime.tools import Tool
from tasks.sft.command import sft_program
from tasks.sft.config import SftConfig
from tasks.verl.config import Device
from tests.tasks.verl.training import as_verl_reads, compose

GOLDEN = Path(__file__).parents[2] / "golden" / "sft"
DEVICES: tuple[Device, ...] = ("cuda", "cpu")


def command(device: Device) -> Program:
    return sft_program(SftConfig(device=device), steps=12)


@pytest.mark.parametrize("device", DEVICES)
def test_the_command_is_the_golden_one(device: Device) -> None:
    program = command(device)
    golden = json.loads((GOLDEN / f"{device}.json").read_text("utf-8"))
    assert {"argv": list(program.argv), "env": dict(program.env), "unset": list(program.unset)} == golden


def test_what_the_user_set_is_what_verl_gets() -> None:
    config = SftConfig(gpus=4, lora_rank=8, attention="flash_attention_2", learning_rate=3e-5)
    argv = sft_program(config, 7, "checkpoints/global_step_3").argv
    assert "--nproc_per_node=4" in argv
    assert {"model.lora_rank=8", "optim.lr=3e-05", "trainer.total_training_steps=7"} <= set(argv)
    assert {"model.use_remove_padding=True", "trainer.n_gpus_per_node=4"} <= set(argv)
    assert argv[-1] == "trainer.resume_from_path=checkpoints/global_step_3"


def test_steps_are_counted_as_the_trainer_counts_them() -> None:
    assert SftConfig(batch_size=16, epochs=4).total_steps(400, 100) == 100
    assert SftConfig(batch_size=16, epochs=4).total_steps(415, 100) == 100
    assert SftConfig(batch_size=16, epochs=4, max_steps=30).total_steps(400, 100) == 30


@pytest.mark.parametrize(("learnt", "held_out"), [(63, 100), (400, 10)])
def test_too_few_exercises_are_one_sentence(learnt: int, held_out: int) -> None:
    with pytest.raises(ValueError, match="wanted at least a batch of 64 of both: draw more exercises"):
        SftConfig().total_steps(learnt, held_out)


@pytest.mark.verl
@pytest.mark.parametrize("device", DEVICES)
def test_verl_composes_the_command(device: Device, tool: Callable[[str], Tool]) -> None:
    verl = tool("verl")
    composed = compose(verl, "sft_trainer_engine", command(device))
    model, data, engine = composed["model"], composed["data"], composed["engine"]
    assert (model["lora_rank"], model["target_modules"], model["path"]) == (32, "all-linear", "base")
    assert (data["max_length"], data["truncation"]) == (2048, "right")
    assert (engine["strategy"], composed["trainer"]["device"]) == ("fsdp2", device)
    assert (model["use_liger"], model["override_config"]) == (
        device == "cuda",
        {"attn_implementation": "sdpa"},
    )
    parts = {name: composed[name] for name in ("engine", "optim", "checkpoint")}
    assert as_verl_reads(verl, parts) == [
        "engine FSDPEngineConfig",
        "optim FSDPOptimizerConfig",
        "checkpoint CheckpointConfig",
    ]
