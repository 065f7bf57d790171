"""What a response earns: half for its form, one for the right answer, by weights that can be set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.grpo.config import RewardWeights
from tasks.grpo.programs.reward import compute_score, parts

WEIGHTS = RewardWeights().model_dump()
RIGHT = "<think>Step1: 2+3=5。</think><answer><|box_start|>5元<|box_end|></answer><|im_end|>"


def score(response: str, answer: str = "5元", kind: str = "number") -> dict[str, float]:
    return compute_score("exercises", response, answer, {"kind": kind, "id": "e"}, WEIGHTS, num_turns=2)


@pytest.mark.parametrize(
    ("response", "earned"),
    [
        (RIGHT, {"score": 1.5, "format": 1.0, "answer": 1.0}),
        (RIGHT.replace("5元<", "6元<"), {"score": 0.5, "format": 1.0, "answer": 0.0}),
        ("答案是<|box_start|>5元<|box_end|>", {"score": 1.0, "format": 0.0, "answer": 1.0}),
        (RIGHT.replace("<|box_start|>", ""), {"score": 0.0, "format": 0.0, "answer": 0.0}),
        ("", {"score": 0.0, "format": 0.0, "answer": 0.0}),
    ],
)
def test_form_and_answer_earn_apart(response: str, earned: dict[str, float]) -> None:
    assert score(response) == earned


def test_choices_and_facts_are_judged_by_their_kind() -> None:
    assert score(RIGHT.replace("5元<", "选B<"), "B", "choice")["answer"] == 1.0
    assert score(RIGHT.replace("5元<", "2024年3月1日<"), "2024-03-01", "fact")["answer"] == 1.0


def test_the_process_is_not_judged_and_what_cannot_be_judged_earns_nothing() -> None:
    assert parts(RIGHT, "5元", "number")["process"] is None
    assert parts(RIGHT, "没有数", "number")["answer"] is None
    assert score(RIGHT, "没有数") == {"score": 0.5, "format": 1.0, "answer": 0.0}


@given(
    st.text()
    | st.lists(st.sampled_from([RIGHT, "<|box_start|>", "<|box_end|>", "</think>", "5元"])).map("".join)
)
def test_every_text_has_a_score_with_the_same_parts(response: str) -> None:
    earned = score(response)
    assert list(earned) == ["score", "format", "answer"]
    assert earned["score"] == 0.5 * earned["format"] + earned["answer"]
    assert all(0 <= earned[part] <= 1 for part in ("format", "answer"))
