"""Shorten the texts of training rows to what the model will read, as embedding does. Runs in the swift environment.

ms-swift would leave a row with a longer text out, or cut its `<|endoftext|>` off, whose state is the vector.
"""

import argparse
import json
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase


def fitted(text: str, tokenizer: PreTrainedTokenizerBase, limit: int) -> str:
    """The longest beginning of a text that has at most `limit` tokens, as far as its tokens' borders allow."""
    while True:
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        if len(encoded.input_ids) <= limit:
            return text
        # Shorter text may fall into other tokens, so it is counted again.
        text = text[: encoded.offset_mapping[limit][0]]


def main() -> None:
    """Write the rows anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("model", "rows", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--max-tokens", type=int, required=True, help="With the `<|endoftext|>`.")
    given = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(given.model, trust_remote_code=False)
    partial = given.out.with_suffix(".partial")
    with given.rows.open(encoding="utf-8") as rows, partial.open("w", encoding="utf-8") as out:
        for line in rows:
            row = json.loads(line)
            lists = [row["messages"], *row["positive_messages"], *row["negative_messages"]]
            for message in (message for messages in lists for message in messages):
                message["content"] = fitted(message["content"], tokenizer, given.max_tokens - 1)
            out.write(f"{json.dumps(row)}\n")
    partial.replace(given.out)


if __name__ == "__main__":
    main()
