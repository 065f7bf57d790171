"""The format of a response is all or nothing; the box is found in any text."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.verify.response import MARKS, Response, boxed, parse

ROOT = Path(__file__).parents[3]
GOOD = (
    "<think>Step1: 毛利=100-60=40。\nStep2: 40÷100=40%。</think><answer><|box_start|>40%<|box_end|></answer>"
)


def test_a_good_response_is_taken_apart() -> None:
    assert parse(GOOD) == Response(("毛利=100-60=40。", "40÷100=40%。"), "40%")


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "<|im_end|>",
        GOOD + "<|im_end|>\n<|endoftext|><|endoftext|>",
        GOOD.replace("<think>", "<think>\n").replace("</think>", "\n</think>\n\n"),
        GOOD.replace("Step1:", "Step 1："),
        f"\n{GOOD}\n",
    ],
)
def test_white_space_and_the_end_of_the_turn_do_not_matter(text: str) -> None:
    assert parse(text) == parse(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"好的。{GOOD}",
        f"{GOOD}以上。",
        GOOD + GOOD,
        GOOD.replace("40%<|", " <|"),
        GOOD.replace("Step2", "Step3"),
        GOOD.replace("Step1: 毛利=100-60=40。\n", ""),
        GOOD.replace("Step1:", "先算，Step1:"),
        GOOD.replace("40÷100=40%。", ""),
        GOOD.replace("<answer>", "<answer>答案"),
        GOOD.replace("<|im_end|>", "") + "<|im_end|>又",
        GOOD.replace("Step1", "Step" + "1" * 5000),
        "<think></think><answer><|box_start|>1<|box_end|></answer>",
        "<answer><|box_start|>1<|box_end|></answer><think>Step1: a</think>",
        *(GOOD.replace(mark, "") for mark in MARKS),
        *(GOOD.replace(mark, mark * 2) for mark in MARKS),
    ],
)
def test_anything_else_is_no_response(text: str) -> None:
    assert parse(text) is None


@given(st.lists(st.sampled_from([*MARKS, "Step1: a", "\n", "1", "<|im_end|>"]), max_size=14))
def test_what_is_parsed_has_one_box_with_its_answer(pieces: list[str]) -> None:
    text = "".join(pieces)
    response = parse(text)
    assert response is None or boxed(text) == response.answer


@pytest.mark.parametrize(
    ("text", "box"),
    [
        (GOOD, "40%"),
        ("<|box_start|>1<|box_end|><|box_start|>2<|box_end|>", "2"),
        ("<|box_start|>1<|box_end|><|box_end|>", "1"),
        ("<|box_start|>1", None),
        ("1<|box_end|>", None),
        ("<|box_start|> <|box_end|>", None),
        ("", None),
    ],
)
def test_the_last_closed_box_counts(text: str, box: str | None) -> None:
    assert boxed(text) == box


def test_the_verifier_needs_nothing_but_the_standard_library() -> None:
    program = (
        "import sys, tasks.verify.answers, tasks.verify.response, tasks.agent.protocol;"
        "print(*sorted({m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names) - {'tasks', '__main__'}))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert [name for name in done.stdout.split() if not name.startswith("_")] == []
