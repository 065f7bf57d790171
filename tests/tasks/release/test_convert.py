"""Only a tokenizer that provably cuts as Qwen's is called so, and only the named tokens change their type."""

from typing import Any

import pytest

from tasks.release.programs.convert import QWEN_SPLIT, cuts_as_qwen, name_pre_tokenizer, show_tokens

SPLIT = {"type": "Split", "pattern": {"Regex": QWEN_SPLIT}, "behavior": "Isolated", "invert": False}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


def tokenizer(*steps: dict[str, Any], model: str = "BPE") -> dict[str, Any]:
    return {"model": {"type": model}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": list(steps)}}


def test_qwens_cuts_are_known() -> None:
    assert cuts_as_qwen(tokenizer(SPLIT, BYTES))


@pytest.mark.parametrize(
    "other",
    [
        tokenizer(SPLIT, BYTES, model="WordPiece"),
        tokenizer(SPLIT),
        tokenizer(BYTES, SPLIT),
        tokenizer(SPLIT, BYTES, BYTES),
        tokenizer(SPLIT | {"pattern": {"Regex": QWEN_SPLIT.replace(r"\p{N}|", r"\p{N}{1,3}|")}}, BYTES),
        tokenizer(SPLIT | {"pattern": {"String": QWEN_SPLIT}}, BYTES),
        tokenizer(SPLIT | {"behavior": "Removed"}, BYTES),
        tokenizer(SPLIT | {"invert": True}, BYTES),
        tokenizer(SPLIT, BYTES | {"use_regex": True}),
        tokenizer(SPLIT, BYTES | {"add_prefix_space": True}),
        {"model": {"type": "BPE"}, "pre_tokenizer": None},
        {"model": {"type": "BPE"}, "pre_tokenizer": BYTES},
    ],
)
def test_anything_else_is_not(other: dict[str, Any]) -> None:
    assert not cuts_as_qwen(other)


def test_a_tokenizer_that_the_converter_knows_keeps_its_name() -> None:
    assert name_pre_tokenizer(lambda model, tokenizer: "llama-bpe")(None, None) == "llama-bpe"


def test_named_tokens_become_visible() -> None:
    vocabulary = show_tokens(
        lambda model: (["a", "<|box_start|>", "<|im_end|>"], [1, 3, 3], "qwen2"),
        frozenset({"<|box_start|>"}),
        4,
    )
    assert vocabulary(None) == (["a", "<|box_start|>", "<|im_end|>"], [1, 4, 3], "qwen2")
