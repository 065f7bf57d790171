"""Examine a model: its answer to every question, and how well it would have predicted the reference solution.

`python -m tasks.evaluation.programs.generate --model DIR --exercises held_out.jsonl --out answers.jsonl --device cpu
--batch 16 --max-new-tokens 256` in the verl environment. Decoding is greedy, and texts keep their special tokens.

One line an exercise, in their order: `{"id", "text", "tokens", "loss", "scored"}`; `tokens` were generated, `loss` is
the summed negative log-likelihood (nats) of the `scored` tokens of the reference solution. Killed at any moment it
goes on where it was, by `answers.jsonl.partial`; batches are cut from all exercises, so that changes no answer.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from tasks.agent.protocol import messages

ENDS = ("<|im_end|>", "<|endoftext|>")
"""What ends a turn; a batch is filled up with the last one."""


class UnfitModel(ValueError):
    """The model cannot be examined."""


def main() -> None:
    """Read the command line, examine, write the answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("model", "exercises", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), required=True)
    parser.add_argument("--batch", type=int, required=True, help="questions that are answered at once")
    parser.add_argument("--max-new-tokens", type=int, required=True, help="longest answer")
    parser.add_argument("--limit", type=int, help="how many exercises, the first of the file")
    options = parser.parse_args()
    exercises = [json.loads(line) for line in options.exercises.read_bytes().splitlines()]
    try:
        examine(options, exercises[: options.limit])
    except UnfitModel as problem:
        sys.exit(str(problem))


def examine(options: argparse.Namespace, exercises: list[dict[str, Any]]) -> None:
    """Answer the exercises that have no answer yet; the file of all appears when the last one has.

    Raises:
        UnfitModel: there is no GPU where one is asked for, or the tokenizer lacks the marks of a turn's end.
    """
    partial = options.out.with_name(f"{options.out.name}.partial")
    done = _resume(partial)
    reasoner = Reasoner(options.model, options.device, options.max_new_tokens)
    with torch.inference_mode(), partial.open("a", encoding="utf-8") as out:
        for batch in _batches(reasoner, exercises, options.batch):
            waiting = [exercise for exercise in batch if exercise["id"] not in done]
            for row in reasoner.answers(batch) if waiting else []:
                if row["id"] not in done:
                    done[row["id"]] = row
                    out.write(json.dumps(row, ensure_ascii=False) + "\n")
            out.flush()
            sys.stdout.write(f"answered {len(done)} of {len(exercises)} exercises\n")
            sys.stdout.flush()
    rows = [done[exercise["id"]] for exercise in exercises]
    whole = options.out.with_name(f"{options.out.name}.whole")
    whole.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    whole.replace(options.out)
    partial.unlink()


def _resume(partial: Path) -> dict[str, dict[str, Any]]:
    """The answers of an earlier run by exercise; a line that was not written to its end is cut off."""
    if not partial.exists():
        return {}
    data = partial.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    os.truncate(partial, len(whole))
    return {row["id"]: row for row in map(json.loads, whole.splitlines())}


def _batches(
    reasoner: "Reasoner", exercises: list[dict[str, Any]], size: int
) -> Iterator[list[dict[str, Any]]]:
    """Exercises of like length together, so that little is filled up."""
    by_length = sorted(exercises, key=lambda exercise: (len(reasoner.prompt(exercise)), exercise["id"]))
    for start in range(0, len(by_length), size):
        yield by_length[start : start + size]


class Reasoner:
    """A model with its tokenizer."""

    def __init__(self, folder: Path, device: str, max_new_tokens: int) -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise UnfitModel(
                "found no GPU that torch can use, wanted cuda; set the evaluation's device to cpu"
            )
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, padding_side="left")
        known = self._tokenizer.get_vocab()
        if not set(ENDS) <= set(known):
            raise UnfitModel(
                f"the tokenizer of {folder} lacks {' or '.join(sorted(set(ENDS) - set(known)))}, wanted both; "
                "use a model with Qwen's chat tokens"
            )
        self._ends = [known[end] for end in ENDS]
        self._tokenizer.pad_token = ENDS[-1]
        dtype = "auto" if device == "cuda" else torch.float32
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True)
        self._model = model.eval().to(device)
        self._greedy = GenerationConfig(
            do_sample=False,
            max_new_tokens=max_new_tokens,
            eos_token_id=self._ends,
            pad_token_id=self._ends[-1],
        )

    def prompt(self, exercise: dict[str, Any]) -> str:
        """The conversation before the answer, with the chat's marks."""
        asked = messages(exercise["question"])
        return str(self._tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True))

    def answers(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A row for every exercise of a batch."""
        prompts = [self.prompt(exercise) for exercise in batch]
        inputs = self._tokenizer(
            prompts, return_tensors="pt", padding=True, add_special_tokens=False, return_token_type_ids=False
        ).to(self._model.device)
        output = self._model.generate(**inputs, generation_config=self._greedy)
        rows = []
        for exercise, prompt, ids in zip(
            batch, prompts, output[:, inputs.input_ids.shape[1] :].tolist(), strict=True
        ):
            said = self._until_end(ids)
            loss, scored = self._loss(prompt, self._reference(exercise, prompt))
            text = self._tokenizer.decode(said, skip_special_tokens=False)
            rows.append(
                {"id": exercise["id"], "text": text, "tokens": len(said), "loss": loss, "scored": scored}
            )
        return rows

    def _until_end(self, ids: list[int]) -> list[int]:
        """The tokens of an answer without what fills up its batch; the mark of the turn's end stays."""
        for place, token in enumerate(ids):
            if token in self._ends:
                return ids[: place + 1]
        return ids

    def _reference(self, exercise: dict[str, Any], prompt: str) -> str:
        """The reference solution as the chat template writes it behind the prompt, to the mark of the turn's end."""
        turn = {"role": "assistant", "content": exercise["solution"]}
        whole = self._tokenizer.apply_chat_template([*messages(exercise["question"]), turn], tokenize=False)
        if not whole.startswith(prompt):
            return str(exercise["solution"]) + ENDS[0]
        return str(whole[len(prompt) :]).rstrip("\n")

    def _loss(self, prompt: str, reference: str) -> tuple[float, int]:
        """The summed negative log-likelihood of the reference after the prompt, and how many tokens it has.

        One text at a time: nothing is filled up, and the logits of a large vocabulary fit into memory.
        """
        before, after = (
            self._tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids.to(
                self._model.device
            )
            for text in (prompt, reference)
        )
        count = after.shape[1]
        logits = self._model(torch.cat([before, after], dim=1), logits_to_keep=count + 1).logits[0, :-1]
        return cross_entropy(logits.float(), after[0], reduction="sum").item(), count


if __name__ == "__main__":
    main()
