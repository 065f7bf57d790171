"""The command lines that GPU users and machines without one get are those of the golden files, and verl knows them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from tasks.grpo.command import grpo_program
from tasks.grpo.config import GrpoConfig, RewardWeights
from tasks.runtime.programs import Program
from tasks.runtime.tools import Tool
from tasks.verl.config import Device
from tests.tasks.verl.training import as_verl_reads, compose

GOLDEN = Path(__file__).parents[2] / "golden" / "grpo"
DEVICES: tuple[Device, ...] = ("cuda", "cpu")


def command(device: Device) -> Program:
    return grpo_program(GrpoConfig(device=device), 6, "measured/0000")


@pytest.mark.parametrize("device", DEVICES)
def test_the_command_is_the_golden_one(device: Device) -> None:
    program = command(device)
    golden = json.loads((GOLDEN / f"{device}.json").read_text("utf-8"))
    assert {"argv": list(program.argv), "env": dict(program.env), "unset": list(program.unset)} == golden


def test_what_the_user_set_is_what_verl_gets() -> None:
    config = GrpoConfig(samples=8, kl=0.01, rewards=RewardWeights(format=0.1), gpus=2, tensor_parallel=2)
    argv = set(grpo_program(config, 7, "there", "checkpoints/global_step_3").argv)
    assert {"actor_rollout_ref.rollout.n=8", "actor_rollout_ref.actor.kl_loss_coef=0.01"} <= argv
    assert "+reward.custom_reward_function.reward_kwargs.weights={format:0.1,answer:1.0,process:1.0}" in argv
    assert {"+reward.judged=there", "trainer.resume_from_path=checkpoints/global_step_3"} <= argv
    assert "actor_rollout_ref.rollout.tensor_model_parallel_size=2" in argv


def test_batches_must_fit_in_each_other() -> None:
    with pytest.raises(
        ValidationError, match="batch_size 10 is not a multiple of mini_batch_size 4; change one"
    ):
        GrpoConfig(batch_size=10, mini_batch_size=4)


def test_too_few_exercises_are_one_sentence() -> None:
    with pytest.raises(
        ValueError, match="there are 63 exercises to learn from, wanted at least a batch of 64"
    ):
        GrpoConfig().total_steps(63)
    assert GrpoConfig(max_steps=3).total_steps(400) == 3


@pytest.mark.verl
@pytest.mark.parametrize("device", DEVICES)
def test_verl_composes_the_command(device: Device, tool: Callable[[str], Tool]) -> None:
    verl = tool("verl")
    composed = compose(verl, "ppo_trainer", command(device))
    data, both = composed["data"], composed["actor_rollout_ref"]
    actor, rollout = both["actor"], both["rollout"]
    assert (data["max_prompt_length"], data["max_response_length"], data["truncation"]) == (
        512,
        1024,
        "right",
    )
    assert (actor["strategy"], actor["optim"]["lr"], rollout["n"]) == ("fsdp2", 3e-6, 4)
    assert (actor["kl_loss_coef"], actor["kl_loss_type"], actor["use_kl_loss"]) == (0.001, "low_var_kl", True)
    assert (rollout["name"], both["model"]["lora_rank"]) == ("vllm" if device == "cuda" else "hf_cpu", 32)
    assert composed["reward"]["custom_reward_function"]["reward_kwargs"]["weights"] == {
        "format": 0.5,
        "answer": 1.0,
        "process": 1.0,
    }
    read = as_verl_reads(verl, {"actor": actor, "rollout": rollout, "algorithm": composed["algorithm"]})
    assert read == ["actor FSDPActorConfig", "rollout RolloutConfig", "algorithm AlgoConfig"]
