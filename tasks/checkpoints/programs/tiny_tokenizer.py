"""The tokenizer of the tiny base model: Qwen's own class and special tokens over a vocabulary trained on our text.

Runs in the verl environment.
"""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers import Regex as Pattern
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import Qwen2Tokenizer
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

END_OF_TEXT = "<|endoftext|>"
END_OF_TURN = "<|im_end|>"
CONTROL = (
    END_OF_TEXT, "<|im_start|>", END_OF_TURN, "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
"""Special in Qwen3's tokenizer: a decoder that skips special tokens drops them."""
MARKS = (
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>",
    "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>",
)  # fmt: skip
"""One token each in Qwen3's tokenizer, but not special: they stay in decoded text."""
LONGEST_WORD = 12
"""Bytes of the longest learnt token, four Han characters: generated sentences must not become one token each."""
MODEL_LENGTH = 4096


def train_tokenizer(texts: Iterable[str], size: int, template: Path) -> Qwen2Tokenizer:
    """A Qwen tokenizer of `size` entries, special tokens included; equal texts give equal vocabularies.

    Args:
        texts: what the byte pairs are counted in.
        size: entries in all.
        template: the Jinja file of the chat template.
    """
    learnt = Tokenizer(BPE())
    learnt.normalizer = normalizers.NFC()
    learnt.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Pattern(PRETOKENIZE_REGEX), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    learnt.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=size - len(CONTROL) - len(MARKS),
        min_frequency=2,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=LONGEST_WORD,
        show_progress=False,
    )
    learnt.train_from_iterator(texts, trainer)
    learnt.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in CONTROL])
    learnt.add_tokens([AddedToken(token, special=False, normalized=False) for token in MARKS])
    return Qwen2Tokenizer(
        tokenizer_object=learnt,
        unk_token=None,
        eos_token=END_OF_TURN,
        pad_token=END_OF_TEXT,
        model_max_length=MODEL_LENGTH,
        chat_template=template.read_text("utf-8"),
    )
