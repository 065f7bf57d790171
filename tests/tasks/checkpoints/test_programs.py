"""The real programs on a very small model: made, resumed after kill -9, merged, proven, and refused."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from blocks.home import CHECKOUT
from tasks.checkpoints.folder import check_model_folder
from tasks.runtime.programs import ProgramFailed
from tasks.runtime.tools import Tool
from tests.tasks.checkpoints.conftest import ADAPT, SMALL, RunVerl, tiny_arguments

pytestmark = pytest.mark.verl

LOOK = """
import sys
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
text = "<think>Step1: 增长12.5%。</think><answer><|box_start|>42亿元<|box_end|></answer>"
ids = tokenizer.encode(text)
print(type(tokenizer).__name__, len(tokenizer), tokenizer.eos_token, tokenizer.pad_token)
print(tokenizer.decode(ids) == text)
print(tokenizer.decode(ids, skip_special_tokens=True))
"""


def merge(run_verl: RunVerl, folder: Path, base: Path, adapter: Path) -> Path:
    out = folder / "merged"
    run_verl(folder, *module("merge"), f"--base={base}", f"--adapter={adapter}", f"--out={out}")
    return out


def prove(run_verl: RunVerl, folder: Path, base: Path, adapter: Path, merged: Path) -> dict[str, float]:
    proof = folder / "proof.json"
    run_verl(
        *(folder, *module("logits"), f"--base={base}", f"--adapter={adapter}"),
        *(f"--merged={merged}", f"--out={proof}"),
    )
    return dict(json.loads(proof.read_bytes()))


def module(name: str) -> tuple[str, ...]:
    return ("python", "-m", f"tasks.checkpoints.programs.{name}")


def test_the_tiny_model_is_a_whole_qwen3(tiny: Path) -> None:
    check_model_folder(tiny)
    config = json.loads((tiny / "config.json").read_bytes())
    assert (config["model_type"], config["vocab_size"]) == ("qwen3", SMALL.vocabulary)
    rows = [
        config["hidden_size"],
        config["intermediate_size"],
        config["num_attention_heads"] * config["head_dim"],
    ]
    assert [size % 256 for size in rows] == [0, 0, 0]
    ends = json.loads((tiny / "generation_config.json").read_bytes())["eos_token_id"]
    assert ends[0] == config["eos_token_id"] != ends[1] == config["pad_token_id"]
    history = json.loads((tiny / "pretraining.json").read_bytes())
    assert history["loss_after"] < history["loss_before"] - 0.2


def test_boxes_are_special_and_thoughts_are_not(tiny: Path, tmp_path: Path, run_verl: RunVerl) -> None:
    assert run_verl(tmp_path, "python", "-c", LOOK, str(tiny)) == [
        f"Qwen2Tokenizer {SMALL.vocabulary} <|im_end|> <|endoftext|>",
        "True",
        "<think>Step1: 增长12.5%。</think><answer>42亿元</answer>",
    ]


def test_a_killed_training_goes_on_to_the_same_bytes(
    tiny: Path, tmp_path: Path, run_verl: RunVerl, tool: Callable[[str], Tool]
) -> None:
    name, *arguments = [*tiny_arguments(tmp_path), "--save-every=2"]
    state = tmp_path / "state.safetensors"
    variables = os.environ | {"PYTHONPATH": str(CHECKOUT), "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen([tool("verl").program(name), *arguments], env=variables) as training:
        while not state.exists():
            assert training.poll() is None
            time.sleep(0.01)
        training.kill()
    assert not (tmp_path / "model").exists()
    run_verl(tmp_path, name, *arguments)
    for path in tiny.iterdir():
        assert (tmp_path / "model" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_merged_adapter_is_proven(tiny: Path, adapter: Path, tmp_path: Path, run_verl: RunVerl) -> None:
    merged = merge(run_verl, tmp_path, tiny, adapter)
    check_model_folder(merged)
    for path in tiny.iterdir():
        if path.name not in ("model.safetensors", "pretraining.json"):
            assert (merged / path.name).read_bytes() == path.read_bytes(), path.name
    assert (merged / "model.safetensors").stat().st_size == (tiny / "model.safetensors").stat().st_size
    proof = prove(run_verl, tmp_path, tiny, adapter, merged)
    assert proof["max_difference"] < proof["tolerance"] < proof["max_change"]
    assert proof["equal_next_tokens"] == proof["positions"] > 8


def test_an_adapter_that_learnt_nothing_is_refused(tiny: Path, tmp_path: Path, run_verl: RunVerl) -> None:
    run_verl(tmp_path, "python", "-c", ADAPT, str(tiny), str(tmp_path / "zero"), "0")
    with pytest.raises(ProgramFailed, match="the adapter is all zeros"):
        merge(run_verl, tmp_path, tiny, tmp_path / "zero")
    assert not (tmp_path / "merged").exists()


def test_the_base_instead_of_the_merged_model_is_caught(
    tiny: Path, adapter: Path, tmp_path: Path, run_verl: RunVerl
) -> None:
    """What verl's own merger writes."""
    shutil.copytree(tiny, tmp_path / "merged")
    with pytest.raises(ProgramFailed, match="the merged model equals its base"):
        prove(run_verl, tmp_path, tiny, adapter, tmp_path / "merged")
    assert not (tmp_path / "proof.json").exists()
