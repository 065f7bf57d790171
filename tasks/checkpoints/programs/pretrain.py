"""Next-token training of the tiny base model on the CPU: packed rows, AdamW, cosine, and a state that survives kill -9.

Runs in the verl environment. The same rows, settings and number of threads give the same weights.
"""

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import Qwen3ForCausalLM

WARM_UP = 0.05
LAST_RATE = 0.1
"""The learning rate ends at this share of its peak."""
HELD_OUT = 32
"""Rows of tokens that are never trained on; the loss is measured on them before and after."""


@dataclass(frozen=True, slots=True)
class Training:
    """How long and how hard: `steps` of `batch` rows, a peak learning rate, and a seed for their order."""

    steps: int
    batch: int
    learning_rate: float
    seed: int


def pack(documents: Sequence[Sequence[int]], length: int) -> torch.Tensor:
    """Token ids of documents, end to end, cut into rows: (rows, `length`), int64; the last short row is dropped."""
    ids = torch.tensor([token for document in documents for token in document], dtype=torch.int64)
    return ids[: len(ids) // length * length].view(-1, length)


def pretrain(
    model: Qwen3ForCausalLM,
    rows: torch.Tensor,
    training: Training,
    state: Path,
    save_every: int,
    report: Callable[[int, dict[str, float]], None],
) -> tuple[float, float]:
    """Train in place, from the saved state where there is one; returns the held-out loss before and after.

    Args:
        model: in float32.
        rows: (rows, length) token ids; the last `HELD_OUT` are held out.
        training: see there.
        state: a file with all that is needed to go on, replaced whole.
        save_every: steps between two of its versions.
        report: called every ten steps and at the end with the step and its values by name.

    Raises:
        ValueError: there are fewer rows than one batch beside the held-out ones.
    """
    learnt, held_out = rows[:-HELD_OUT], rows[-HELD_OUT:]
    if len(learnt) < training.batch:
        raise ValueError(
            f"the text packs into {len(rows)} rows, wanted {training.batch + HELD_OUT}; give more text"
        )
    before = _loss(model, held_out)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=training.learning_rate, betas=(0.9, 0.95), weight_decay=0.01
    )
    identity = f"{training} of rows {hashlib.sha256(rows.numpy().tobytes()).hexdigest()}"
    done = _resume(state, model, optimizer, identity)
    model.train()
    for step, batch in enumerate(_batches(learnt, training), start=1):
        if step <= done:
            continue
        rate = _rate(step, training)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 10 == 0 or step == training.steps:
            report(step, {"loss": loss.item(), "learning_rate": rate, "grad_norm": norm.item()})
        if step % save_every == 0 or step == training.steps:
            _save(state, model, optimizer, step, identity)
    return before, _loss(model, held_out)


def _batches(rows: torch.Tensor, training: Training) -> Iterator[torch.Tensor]:
    """`steps` batches, every epoch in an order of its own that depends on the seed alone."""
    generator = torch.Generator().manual_seed(training.seed)
    per_epoch = len(rows) // training.batch
    for step in range(training.steps):
        if step % per_epoch == 0:
            order = torch.randperm(len(rows), generator=generator)
        at = step % per_epoch * training.batch
        yield rows[order[at : at + training.batch]]


def _rate(step: int, training: Training) -> float:
    warm = max(1, round(WARM_UP * training.steps))
    if step <= warm:
        return training.learning_rate * step / warm
    share = (step - warm) / max(1, training.steps - warm)
    return training.learning_rate * (LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * share)) / 2)


def _loss(model: Qwen3ForCausalLM, rows: torch.Tensor) -> float:
    """Mean next-token loss, in nats a token."""
    model.eval()
    with torch.no_grad():
        losses = [float(model(input_ids=part, labels=part).loss) for part in rows.split(8)]
    return sum(losses) / len(losses)


def _save(
    state: Path, model: Qwen3ForCausalLM, optimizer: torch.optim.AdamW, step: int, identity: str
) -> None:
    tensors = {f"model.{name}": value.detach() for name, value in model.named_parameters()}
    for name, parameter in model.named_parameters():
        for part in ("exp_avg", "exp_avg_sq"):
            tensors[f"{part}.{name}"] = optimizer.state[parameter][part]
    partial = state.with_name(f"{state.name}.partial")
    save_file(tensors, partial, {"step": str(step), "identity": identity})
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(state)


def _resume(state: Path, model: Qwen3ForCausalLM, optimizer: torch.optim.AdamW, identity: str) -> int:
    """Load the saved state into model and optimizer; returns the steps done, 0 where there is none of this training."""
    if not state.exists():
        return 0
    with safe_open(state, "pt") as saved:
        about = saved.metadata()
        if about["identity"] != identity:
            return 0
        step = int(about["step"])
        for name, parameter in model.named_parameters():
            parameter.data.copy_(saved.get_tensor(f"model.{name}"))
            optimizer.state[parameter] = {
                "step": torch.tensor(float(step)),
                "exp_avg": saved.get_tensor(f"exp_avg.{name}"),
                "exp_avg_sq": saved.get_tensor(f"exp_avg_sq.{name}"),
            }
    return step
