"""Our reward manager and rollout inside verl, on a very small model."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blocks.home import CHECKOUT
from tasks.runtime.tools import Tool
from tasks.verl.command import environment

pytestmark = pytest.mark.verl

RIGHT = "<think>Step1: 2+3=5。</think><answer><|box_start|>5元<|box_end|></answer><|im_end|>"

JUDGE = """
import asyncio, json, sys
import numpy as np, torch
from functools import partial
from omegaconf import OmegaConf
from tensordict import TensorDict
from transformers import AutoTokenizer
from verl import DataProto
from tasks.grpo.programs.reward import compute_score
from tasks.grpo.programs.reward_manager import BoxedRewardManager
given = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(given["model"])
seen = []
def judged(**call):
    seen.append(call["solution_str"])
    return compute_score(**call, weights={"format": 0.5, "answer": 1.0, "process": 1.0})
async def run():
    manager = BoxedRewardManager(OmegaConf.create({"reward": {"judged": given["judged"]}}), tokenizer, judged)
    prompt, response = (tokenizer(text, return_tensors="pt").input_ids for text in ("问", given["response"]))
    padded = torch.cat([response, torch.full((1, 5), tokenizer.pad_token_id)], 1)
    mask = torch.cat([torch.ones_like(prompt), torch.ones_like(response), torch.zeros(1, 5, dtype=torch.long)], 1)
    about = {"kind": "number", "split": "train", "id": "e1"}
    columns = {"data_source": "exercises", "reward_model": {"ground_truth": "5元"}, "extra_info": about}
    columns["global_steps"] = 3
    wrapped = {}
    for name, value in columns.items():
        wrapped[name] = np.empty(1, dtype=object)
        wrapped[name][0] = value
    data = DataProto(TensorDict({"responses": padded, "attention_mask": mask, "prompts": prompt}, 1), wrapped)
    return await manager.run_single(data)
print(json.dumps({"result": asyncio.new_event_loop().run_until_complete(run()), "seen": seen}))
"""

SAMPLE = """
import asyncio, json, sys
import torch
from transformers import AutoModelForCausalLM
from tasks.grpo.programs.hf_rollout import HfServer
given = json.load(sys.stdin)
prompts, sampling = [[5, 6, 7], [8, 9, 10, 11, 12]], {"temperature": given["temperature"], "top_p": 1.0, "top_k": -1}
model = AutoModelForCausalLM.from_pretrained(given["model"], dtype=torch.float32)
async def run():
    server = HfServer(given["model"], 16, 8, 1)
    if given["scale"] != 1:
        weights = {name: value * given["scale"] for name, value in model.state_dict().items()}
        weights.pop("lm_head.weight")
        model.load_state_dict(weights, strict=False)
        model.tie_weights()
        await server.load_weights(weights, 7)
    calls = [server.generate(prompt, sampling, str(n), image_data=None) for n, prompt in enumerate(prompts)]
    return await asyncio.gather(*calls)
found = []
for prompt, output in zip(prompts, asyncio.run(run())):
    ids = torch.tensor([prompt + output.token_ids])
    with torch.inference_mode():
        logits = model(ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
    own = logits.gather(1, torch.tensor(output.token_ids)[:, None])[:, 0]
    found.append({
        "tokens": output.token_ids,
        "likeliest": logits.argmax(-1).tolist(),
        "step": output.extra_fields["global_steps"],
        "difference": (own - torch.tensor(output.log_probs)).abs().max().item(),
    })
print(json.dumps(found))
"""


def run(verl: Tool, script: str, **given: object) -> Any:  # noqa: ANN401 JSON
    variables = environment("cpu", ("tasks.grpo.programs.hf_rollout",)) | {"PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        [str(verl.program("python")), "-c", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        env=variables,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_reward_sees_the_box(tool: Callable[[str], Tool], tiny_model: Path, tmp_path: Path) -> None:
    found = run(tool("verl"), JUDGE, model=str(tiny_model), judged=str(tmp_path / "judged"), response=RIGHT)
    assert found["seen"] == [RIGHT]
    assert found["result"] == {
        "reward_score": 1.5,
        "reward_extra_info": {"score": 1.5, "format": 1.0, "answer": 1.0},
    }
    (noted,) = (tmp_path / "judged").glob("judged-*.jsonl")
    assert json.loads(noted.read_text()) == {
        "step": 3,
        "split": "train",
        "score": 1.5,
        "format": 1.0,
        "answer": 1.0,
    }


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_rollout_samples_the_model_and_knows_how_likely_that_was(
    temperature: float, tool: Callable[[str], Tool], tiny_model: Path
) -> None:
    found = run(tool("verl"), SAMPLE, model=str(tiny_model), temperature=temperature, scale=1)
    for output in found:
        assert 1 <= len(output["tokens"]) <= 8
        assert temperature or output["tokens"] == output["likeliest"]
        assert not temperature or output["difference"] < 1e-4


def test_a_rollout_takes_new_weights(tool: Callable[[str], Tool], tiny_model: Path) -> None:
    found = run(tool("verl"), SAMPLE, model=str(tiny_model), temperature=0.0, scale=1.5)
    assert all(output["tokens"] == output["likeliest"] and output["step"] == 7 for output in found)
