"""Prove that a merged model is its base with the adapter, by the logits of fixed prompts.

`python -m tasks.checkpoints.programs.logits --base DIR --adapter DIR --merged DIR --out proof.json` in the verl
environment. Ends with an error, and one sentence that says why, where the proof fails.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

PROMPTS = (
    "某公司2024年营业收入为120亿元，2023年为100亿元，同比增长多少？",
    "存款10万元，年利率2%，一年后的利息是多少？",
    "资产负债率怎样计算？",
    "下列哪一项属于权益工具？A. 国债 B. 股票 C. 央行票据 D. 存单",
    "什么是碳排放配额？请用一句话说明。",
    "市盈率20倍、每股收益1.5元，股价是多少？",
    "基金单位净值从1.25元涨到1.40元，收益率是多少？",
    "不良贷款率下降说明什么？",
    "请解释可转换公司债券的转股价格。",
    "把3.5亿元换算成万元。",
)
TOLERANCE = {"float32": 1e-3, "float16": 0.1, "bfloat16": 0.5}
"""Largest difference of a logit between the merged model and base with adapter, by the dtype that rounds the sum."""
CLOSENESS = 0.5
"""Rounding may be at most this share of what the adapter changes (root mean squares), or the change is lost in it."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared: `difference` merged against base with adapter, `change` merged against base, in logits."""

    dtype: str
    prompts: int
    positions: int
    max_difference: float
    rms_difference: float
    tolerance: float
    max_change: float
    rms_change: float
    equal_next_tokens: int


class NotProven(ValueError):
    """The merged model is not shown to be base with adapter."""


def main() -> None:
    """Read the command line, compare, write the proof."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("base", "adapter", "merged", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    try:
        proof = prove(options.base, options.adapter, options.merged)
    except NotProven as problem:
        sys.exit(str(problem))
    partial = options.out.with_name(f"{options.out.name}.partial")
    partial.write_text(json.dumps(asdict(proof), indent=2) + "\n", "utf-8")
    partial.replace(options.out)


def prove(base: Path, adapter: Path, merged: Path) -> Proof:
    """Compare the three models on every position of `PROMPTS`.

    Raises:
        NotProven: the merged model differs from base with adapter, or does not differ from the base.
    """
    model = _load(base)
    dtype = str(model.dtype).removeprefix("torch.")
    rows = _prompts(base)
    plain = _logits(model, rows)
    tuned = _logits(PeftModel.from_pretrained(model, adapter), rows)
    del model
    found = _logits(_load(merged), rows)
    proof = Proof(
        dtype=dtype,
        prompts=len(rows),
        positions=len(found),
        max_difference=(found - tuned).abs().max().item(),
        rms_difference=_rms(found - tuned),
        tolerance=TOLERANCE[dtype],
        max_change=(found - plain).abs().max().item(),
        rms_change=_rms(tuned - plain),
        equal_next_tokens=int(_agree(found, tuned, TOLERANCE[dtype]).sum()),
    )
    _judge(proof)
    return proof


def _judge(proof: Proof) -> None:
    if proof.max_change == 0:
        raise NotProven("the merged model equals its base: the adapter was not merged; merge it again")
    if proof.max_difference > proof.tolerance:
        raise NotProven(
            f"a logit of the merged model differs by {proof.max_difference:.3g} from base with adapter, "
            f"wanted at most {proof.tolerance} in {proof.dtype}; merge it again from the base that it was trained on"
        )
    if proof.rms_difference > CLOSENESS * proof.rms_change:
        raise NotProven(
            f"rounding to {proof.dtype} moves the logits by {proof.rms_difference:.3g}, the adapter by "
            f"{proof.rms_change:.3g}: what it learnt would be lost; train longer or keep it as an adapter"
        )
    if proof.equal_next_tokens < proof.positions:
        raise NotProven(
            f"the likeliest next token differs at {proof.positions - proof.equal_next_tokens} of {proof.positions} "
            "positions from base with adapter; merge it again"
        )


def _load(folder: Path) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder, dtype="auto", local_files_only=True).eval()


def _prompts(folder: Path) -> list[torch.Tensor]:
    """Token ids of each prompt in the chat markup, (1, length)."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    texts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
        )
        for prompt in PROMPTS
    ]
    return [tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids for text in texts]


def _logits(model: PreTrainedModel, rows: list[torch.Tensor]) -> torch.Tensor:
    """Logits of every position of every prompt, (positions, vocabulary), float32."""
    with torch.no_grad():
        return torch.cat([model(input_ids=row).logits[0].float() for row in rows])


def _rms(values: torch.Tensor) -> float:
    return float(values.square().mean().sqrt())


def _agree(found: torch.Tensor, wanted: torch.Tensor, tolerance: float) -> torch.Tensor:
    """Where both choose one next token, or two that are level in `wanted` within the tolerance; (positions,)."""
    chosen = wanted.gather(1, found.argmax(1, keepdim=True))[:, 0]
    return wanted.max(1).values - chosen <= 2 * tolerance


if __name__ == "__main__":
    main()
