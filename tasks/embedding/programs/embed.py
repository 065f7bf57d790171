"""Turn texts into the vectors of a Qwen3-Embedding model. Runs in the swift environment, by `python -m`.

A text becomes what ms-swift's template `qwen3_emb` makes of it in training: its tokens, then `<|endoftext|>`, no chat
markup; its vector is the hidden state of that last token, L2-normalised, float32. A text that is too long loses its
last tokens, never its `<|endoftext|>`.

Two ways to use it:
- files: every `NAME.jsonl` of a folder (a JSON string a line) becomes `NAME.npy`, `[rows, dimensions]`, atomically;
  files that are there already are kept, so a killed run goes on. Under `torchrun`, with as many `--processes`, the
  files are dealt to processes, each with a GPU of its own; a file's bytes do not depend on how many there are;
- `--serve`: one JSON object a line on standard input, `{"texts": [...]}`, one a line on standard output, `{"rows",
  "dimensions", "vectors"}` with the little-endian float32 rows in base64. It ends when its input does.
"""

import argparse
import base64
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import torch
from numpy.typing import NDArray
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

END = "<|endoftext|>"
BATCH_TOKENS = 8192
"""Tokens of a batch, padding included: it bounds memory whatever the length of the texts."""


class Encoder:
    """A model folder opened for embedding, on a GPU where there is one."""

    def __init__(
        self, model: Path, max_tokens: int, adapter: Path | None = None, *, gpu: int = 0, half: bool = False
    ) -> None:
        """Load a model in float32, with the LoRA `adapter` beside it (not merged) where one is given.

        `gpu`: which one, where there are any. `half`: in bfloat16 there; a CPU computes in float32 all the same.
        """
        self.device = f"cuda:{gpu}" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if half and torch.cuda.is_available() else torch.float32
        self.max_tokens = max_tokens
        self.tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
        self.end = self.tokenizer.convert_tokens_to_ids(END)
        loaded = AutoModelForCausalLM.from_pretrained(model, dtype=dtype, trust_remote_code=False)
        if adapter:
            loaded = PeftModel.from_pretrained(loaded, adapter).get_base_model()
        # The decoder without its head: LoRA layers sit inside it.
        self.decoder = loaded.get_decoder().to(self.device).eval()
        self.dimensions = int(loaded.config.hidden_size)

    def token_ids(self, text: str) -> list[int]:
        """The tokens of a text as ms-swift's `qwen3_emb` template gives them, at most `max_tokens`."""
        ids = self.tokenizer(text, add_special_tokens=False).input_ids
        return [*ids[: self.max_tokens - 1], self.end]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows `[texts, dimensions]`; texts of like length are computed together."""
        encoded = [self.token_ids(text) for text in texts]
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for batch in _batches(encoded):
            rows[batch] = self._last_states([encoded[number] for number in batch])
        return rows

    def _last_states(self, encoded: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        longest = max(map(len, encoded))
        ids = torch.full((len(encoded), longest), self.end)
        mask = torch.zeros((len(encoded), longest), dtype=torch.long)
        for row, tokens in enumerate(encoded):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
        with torch.inference_mode():
            states = self.decoder(
                input_ids=ids.to(self.device), attention_mask=mask.to(self.device), use_cache=False
            ).last_hidden_state
            last = states[torch.arange(len(encoded)), mask.sum(dim=1) - 1]
            unit = torch.nn.functional.normalize(last.float(), p=2, dim=1)
        return np.asarray(unit.cpu().numpy(), np.float32)


def embed_files(encoder: Encoder, texts: Path, vectors: Path, process: int, processes: int) -> None:
    """Write `NAME.npy` for every `NAME.jsonl` that has none yet, of those that this process of several is dealt."""
    vectors.mkdir(parents=True, exist_ok=True)
    # Finished ones are dealt as well: processes that start later must not deal otherwise.
    names = sorted(path.stem for path in texts.glob("*.jsonl"))[process::processes]
    for done, name in enumerate(names, start=1):
        target = vectors / f"{name}.npy"
        if not target.exists():
            with (texts / f"{name}.jsonl").open(encoding="utf-8") as lines:
                rows = encoder.embed([json.loads(line) for line in lines])
            partial = target.with_suffix(".partial")
            with partial.open("wb") as out:
                np.save(out, rows, allow_pickle=False)
            partial.replace(target)
        _say(f"process {process} embedded {done} of {len(names)} shards")


def serve(encoder: Encoder, requests: Iterable[str], out: IO[str]) -> None:
    """Answer one request a line until there are no more."""
    for line in requests:
        rows = encoder.embed(json.loads(line)["texts"])
        vectors = base64.b64encode(rows.astype("<f4").tobytes()).decode()
        answer = {"rows": len(rows), "dimensions": encoder.dimensions, "vectors": vectors}
        out.write(f"{json.dumps(answer)}\n")
        out.flush()


def main() -> None:
    """Embed files, or serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="A Hugging Face folder.")
    parser.add_argument("--adapter", type=Path, help="A LoRA adapter to add without merging it.")
    parser.add_argument("--max-tokens", type=int, required=True)
    parser.add_argument("--texts", type=Path, help="Folder of NAME.jsonl.")
    parser.add_argument("--vectors", type=Path, help="Folder of NAME.npy to be.")
    parser.add_argument("--processes", type=int, default=1, help="How many torchrun starts, one a GPU.")
    parser.add_argument("--serve", action="store_true")
    given = parser.parse_args()
    if given.serve == bool(given.texts or given.vectors) or bool(given.texts) != bool(given.vectors):
        parser.error("give --serve, or both --texts and --vectors")
    # What libraries print must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    process = int(os.environ["LOCAL_RANK"]) if given.processes > 1 else 0
    if torch.cuda.is_available() and given.processes > torch.cuda.device_count():
        parser.error(
            f"{given.processes} processes want a GPU each, {torch.cuda.device_count()} are here; ask for as many"
        )
    if not given.serve:
        # On a CPU the last bits of a sum depend on the number of threads; processes are what runs side by side.
        torch.set_num_threads(1)
    encoder = Encoder(given.model, given.max_tokens, given.adapter, gpu=process, half=True)
    if given.serve:
        serve(encoder, sys.stdin, answers)
    else:
        embed_files(encoder, given.texts, given.vectors, process, given.processes)


def _batches(encoded: Sequence[Sequence[int]]) -> Iterable[list[int]]:
    """Row numbers by length, longest first, so that a batch is mostly tokens and the largest one comes first."""
    batch: list[int] = []
    for number in sorted(range(len(encoded)), key=lambda row: (-len(encoded[row]), row)):
        if batch and (len(batch) + 1) * len(encoded[batch[0]]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
