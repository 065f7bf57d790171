"""The chat template renders ChatML as Qwen3 does, tools included, and never thinks for the assistant."""

import json
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tasks.checkpoints.tasks import TEMPLATE

SEARCH = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}
CALL = {"type": "function", "function": {"name": "search", "arguments": {"query": "利率"}}}


def render(messages: list[dict[str, Any]], **options: object) -> str:
    """As transformers renders it."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(TEMPLATE.read_text("utf-8")).render(messages=messages, **options)


@pytest.mark.parametrize("thinking", [{}, {"enable_thinking": True}, {"enable_thinking": False}])
def test_a_question_ends_where_the_assistant_begins(thinking: dict[str, bool]) -> None:
    asked = [{"role": "system", "content": "你是助手。"}, {"role": "user", "content": "利率？"}]
    assert render(asked, add_generation_prompt=True, **thinking) == (
        "<|im_start|>system\n你是助手。<|im_end|>\n<|im_start|>user\n利率？<|im_end|>\n<|im_start|>assistant\n"
    )


def test_what_was_asked_is_a_prefix_of_what_was_answered() -> None:
    """Training masks the prompt by its length, so the answered conversation must begin with it."""
    asked = [{"role": "user", "content": "利率？"}]
    answered = [*asked, {"role": "assistant", "content": "<think>Step1: 查表。</think><answer>2%</answer>"}]
    whole = render(answered)
    assert whole.startswith(render(asked, add_generation_prompt=True))
    assert whole.endswith("<think>Step1: 查表。</think><answer>2%</answer><|im_end|>\n")
    follow_up = render([*answered, {"role": "user", "content": "明年呢？"}], add_generation_prompt=True)
    assert follow_up.startswith(whole)


def test_tools_and_calls_are_in_the_hermes_format() -> None:
    turns: list[dict[str, Any]] = [
        {"role": "system", "content": "你是助手。"},
        {"role": "user", "content": "利率？"},
        {"role": "assistant", "content": "<think>要查。</think>", "tool_calls": [CALL, CALL["function"]]},
        {"role": "tool", "content": "2%"},
        {"role": "tool", "content": "3%"},
    ]
    rendered = render(turns, tools=[SEARCH], add_generation_prompt=True)
    system, _, rest = rendered.partition("<|im_end|>\n")
    assert system.startswith("<|im_start|>system\n你是助手。\n\n# Tools\n\n")
    assert f"<tools>\n{json.dumps(SEARCH)}\n</tools>" in system
    call = '<tool_call>\n{"name": "search", "arguments": {"query": "利率"}}\n</tool_call>'
    assert rest == (
        "<|im_start|>user\n利率？<|im_end|>\n"
        f"<|im_start|>assistant\n<think>要查。</think>\n{call}\n{call}<|im_end|>\n"
        "<|im_start|>user\n<tool_response>\n2%\n</tool_response>\n<tool_response>\n3%\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_a_call_with_no_text_starts_the_turn() -> None:
    call = {"name": "search", "arguments": '{"query": "x"}'}
    rendered = render(
        [{"role": "user", "content": "?"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    )
    assert rendered.endswith(
        'assistant\n<tool_call>\n{"name": "search", "arguments": {"query": "x"}}\n</tool_call><|im_end|>\n'
    )


def test_a_thought_given_apart_is_put_in_its_tags() -> None:
    answer = {"role": "assistant", "content": "2%", "reasoning_content": "查表。"}
    rendered = render([{"role": "user", "content": "?"}, answer])
    assert rendered.endswith("assistant\n<think>查表。</think>2%<|im_end|>\n")
