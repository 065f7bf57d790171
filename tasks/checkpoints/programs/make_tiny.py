"""Make the tiny base model: a Qwen3 of ours, its tokenizer, and a few minutes of reading.

`python -m tasks.checkpoints.programs.make_tiny --text rows.jsonl --template chat.jinja --out DIR ...` in the verl
environment. It is shaped so that every quantised tensor is a real one: rows of 256 weights or multiples of it.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, Qwen2Tokenizer, Qwen3Config, Qwen3ForCausalLM

from tasks.checkpoints.programs.pretrain import Training, pack, pretrain
from tasks.checkpoints.programs.tiny_tokenizer import END_OF_TEXT, END_OF_TURN, MODEL_LENGTH, train_tokenizer

HIDDEN, FEED_FORWARD, HEADS, KEY_HEADS, HEAD = 256, 768, 4, 2, 64
SPREAD = 0.05
"""Standard deviation of the first weights: rows are short, so Qwen3's 0.02 learns more slowly here."""


Row = dict[str, Any]
"""`{"text"}` or `{"messages": [{"role", "content"}]}`."""


def main() -> None:
    """Read the command line, train, write the model folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="JSON lines of text or messages to read")
    parser.add_argument("--template", type=Path, required=True, help="the chat template")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to make")
    parser.add_argument(
        "--work",
        type=Path,
        required=True,
        help="folder of the saved state and of metrics.jsonl, as verl writes it",
    )
    for name in ("vocabulary", "layers", "context", "steps", "batch", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--save-every", type=int, default=50, help="steps between saved states")
    make(parser.parse_args())


def make(options: argparse.Namespace) -> None:
    """Make the model of `options`, see `main`."""
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    read: list[Row] = [json.loads(line) for line in options.text.read_text("utf-8").splitlines()]
    tokenizer = train_tokenizer(_plain(read), options.vocabulary, options.template)
    documents = [tokenizer.encode(_marked(row, tokenizer) + END_OF_TEXT) for row in read]
    rows = pack(documents, options.context)
    model = Qwen3ForCausalLM(_config(options, tokenizer))
    training = Training(options.steps, options.batch, options.learning_rate, options.seed)
    with (options.work / "metrics.jsonl").open("a", encoding="utf-8") as metrics:

        def report(step: int, values: dict[str, float]) -> None:
            metrics.write(json.dumps({"step": step, "data": values}) + "\n")
            metrics.flush()
            sys.stdout.write(f"step {step} of {options.steps}, loss {values['loss']:.3f}\n")

        state = options.work / "state.safetensors"
        before, after = pretrain(model, rows, training, state, options.save_every, report)
    history = {"tokens": rows.numel(), **asdict(training), "loss_before": before, "loss_after": after}
    _write(options.out, model, tokenizer, history)


def _plain(rows: Iterable[Row]) -> Iterator[str]:
    """What the vocabulary is learnt from: the text alone, without chat markup."""
    for row in rows:
        yield from [row["text"]] if "text" in row else [turn["content"] for turn in row["messages"]]


def _marked(row: Row, tokenizer: Qwen2Tokenizer) -> str:
    return str(
        row["text"] if "text" in row else tokenizer.apply_chat_template(row["messages"], tokenize=False)
    )


def _config(options: argparse.Namespace, tokenizer: Qwen2Tokenizer) -> Qwen3Config:
    return Qwen3Config(
        vocab_size=options.vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=FEED_FORWARD,
        num_hidden_layers=options.layers,
        num_attention_heads=HEADS,
        num_key_value_heads=KEY_HEADS,
        head_dim=HEAD,
        max_position_embeddings=MODEL_LENGTH,
        initializer_range=SPREAD,
        rope_theta=1_000_000.0,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids(END_OF_TURN),
        pad_token_id=tokenizer.convert_tokens_to_ids(END_OF_TEXT),
        dtype="float32",
    )


def _write(
    out: Path, model: Qwen3ForCausalLM, tokenizer: Qwen2Tokenizer, history: Mapping[str, float]
) -> None:
    """The model folder: it appears whole or not at all."""
    ends = [tokenizer.convert_tokens_to_ids(token) for token in (END_OF_TURN, END_OF_TEXT)]
    model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=ends[1])
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    (partial / "pretraining.json").write_text(json.dumps(history, indent=2) + "\n", "utf-8")
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)


if __name__ == "__main__":
    main()
