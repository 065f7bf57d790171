"""What the tiny base reads: the same for the same seed, and nothing that it will be examined on."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from datasets_registry.sample.generate import SEED
from tasks.checkpoints.config import TinyConfig
from tasks.checkpoints.text import reading


def read(seed: int, conversations: int) -> list[dict[str, Any]]:
    return list(reading(seed, 400, conversations))


def test_equal_seeds_give_equal_rows() -> None:
    assert read(7, 50) == read(7, 50)
    assert read(7, 50) != read(8, 50)


def test_rows_are_texts_and_conversations() -> None:
    rows = read(7, 50)
    conversations = [row["messages"] for row in rows if "messages" in row]
    texts = [row["text"] for row in rows if "text" in row]
    assert len(conversations) == 50
    assert len(texts) > 150
    assert all(isinstance(text, str) and len(text) > 20 for text in texts)
    for turns in conversations:
        roles = [turn["role"] for turn in turns]
        assert roles in (["system", "user", "assistant"], ["user", "assistant"])
        assert all(turn["content"] for turn in turns)


def test_no_conversation_is_in_the_format_of_the_exercises() -> None:
    said = json.dumps([row for row in read(7, 2000) if "messages" in row], ensure_ascii=False)
    assert "<|box_start|>" in said
    assert "<answer>" in said
    assert "<answer><|box_start|>" not in said


def test_the_seed_of_the_shipped_sample_is_refused() -> None:
    with pytest.raises(ValidationError, match="whose facts the base must not know"):
        TinyConfig(seed=SEED)
