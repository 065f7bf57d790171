"""The command lines that GPU users and machines without one get are those of the golden files, and swift knows them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.embedding.command import TrainSpec, embed_program, merge_program
from tasks.embedding.config import Device, EmbedderConfig
from tasks.runtime.programs import Program
from tasks.runtime.tools import Tool

GOLDEN = Path(__file__).parents[2] / "golden" / "embedding"
DEVICES: tuple[Device, ...] = ("cuda", "cpu")

KNOWN_TO_SWIFT = """
import json, sys
from swift.arguments import ExportArguments, SftArguments
from transformers import HfArgumentParser
for kind, words in json.load(sys.stdin):
    parser = HfArgumentParser({"sft": SftArguments, "export": ExportArguments}[kind])
    parsed, unknown = parser.parse_known_args(words)
    assert not unknown, unknown
    print(json.dumps({name: value for name, value in vars(parsed).items() if f"--{name}" in words}))
"""


def commands(device: Device) -> dict[str, Program]:
    config = EmbedderConfig(device=device)
    return {
        "train": TrainSpec("base", "train.jsonl", "training", config).program(),
        "resume": TrainSpec("base", "rows", "training", config, "training/checkpoint-500").program(),
        "swanlab": TrainSpec(
            "base", "rows", "training", config.model_copy(update={"swanlab": "cloud"})
        ).program(),
        "merge": merge_program("base", "training/adapter", "merged", config),
        "embed": embed_program("model", "texts", "vectors", 512, device),
    }


@pytest.mark.parametrize("device", DEVICES)
def test_the_commands_are_the_golden_ones(device: Device) -> None:
    golden = json.loads((GOLDEN / f"{device}.json").read_text())
    for name, program in commands(device).items():
        assert {"argv": list(program.argv), "env": dict(program.env)} == golden[name], name


def test_what_the_user_set_is_what_swift_gets() -> None:
    config = EmbedderConfig(gpus=4, temperature=0.02, lora_rank=16, target_modules=("all-linear",), epochs=2)
    program = TrainSpec("base", "rows", "out", config).program()
    line = " ".join(program.argv)
    assert "--lora_rank 16 " in line
    assert "--target_modules all-linear " in line
    assert "--num_train_epochs 2 " in line
    assert (program.env["NPROC_PER_NODE"], program.env["INFONCE_TEMPERATURE"]) == ("4", "0.02")


def test_several_processes_are_started_by_torchrun() -> None:
    alone, shared = (embed_program("m", "t", "v", 512, "cuda", processes) for processes in (1, 3))
    assert alone.argv[:2] == ("python", "-m")
    assert shared.argv[:4] == ("torchrun", "--standalone", "--nnodes=1", "--nproc_per_node=3")
    assert shared.argv[4:] == (*alone.argv[1:], "--processes", "3")


def test_steps_are_counted_as_the_trainer_counts_them() -> None:
    assert EmbedderConfig(device="cpu", batch_size=16, accumulation=1, epochs=1).total_steps(1732) == 103
    assert EmbedderConfig(gpus=2, batch_size=8, accumulation=4, epochs=5).total_steps(1000) == 75


@pytest.mark.swift
@pytest.mark.parametrize("device", DEVICES)
def test_swift_knows_every_flag_and_value(device: Device, tool: Callable[[str], Tool]) -> None:
    """Parsed by swift's own parser, short of loading a model or asking for a GPU."""
    asked = [
        [program.argv[1], list(program.argv[2:])]
        for program in commands(device).values()
        if program.argv[0] == "swift"
    ]
    done = subprocess.run(
        [tool("swift").program("python"), "-c", KNOWN_TO_SWIFT],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    parsed = json.loads(done.stdout.splitlines()[-4])
    assert (parsed["lora_rank"], parsed["lora_alpha"], parsed["learning_rate"]) == (8, 32, 6e-6)
    assert parsed["target_modules"] == ["q_proj", "v_proj", "o_proj"]
    assert parsed["deepspeed"] == "zero2" if device == "cuda" else "deepspeed" not in parsed
