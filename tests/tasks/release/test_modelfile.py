"""Modelfiles: what is written is read back, what Ollama would refuse is refused here."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.agent.protocol import SYSTEM, messages
from tasks.release.gguf import GgufFile
from tasks.release.modelfile import (
    STOPS,
    TEMPLATE,
    BadModelfile,
    check_modelfile,
    parse_modelfile,
    render,
    write_modelfile,
)

FILE = GgufFile(
    architecture="qwen3",
    context=2048,
    tensors=1,
    matrices={"Q4_K": 1},
    missing=(),
    error=0,
    vocabulary=5,
    control_tokens=STOPS,
    visible_tokens=(),
    has_chat_template=True,
)
ASKED = messages("1+1=？")
RENDERED = (
    f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n1+1=？<|im_end|>\n<|im_start|>assistant\n"
)
GOOD = write_modelfile("model.gguf", 2048, SYSTEM, "Apache-2.0")


def test_what_is_written_is_good() -> None:
    check_modelfile(GOOD, "model.gguf", FILE, ASKED, RENDERED)


PLAIN = st.text(st.characters(blacklist_characters='"', blacklist_categories=("Cs",)))


@given(PLAIN, PLAIN)
def test_what_is_written_is_read_back(system: str, licence: str) -> None:
    found = parse_modelfile(write_modelfile("m.gguf", 512, system, licence))
    assert [(item.name, item.value) for item in found] == [
        ("FROM", "./m.gguf"),
        ("TEMPLATE", TEMPLATE),
        ("SYSTEM", system),
        *(("PARAMETER", f'stop "{stop}"') for stop in STOPS),
        ("PARAMETER", "num_ctx 512"),
        ("PARAMETER", "temperature 0"),
        ("LICENSE", licence),
    ]


@given(PLAIN, PLAIN)
def test_a_template_is_rendered_turn_by_turn(question: str, answer: str) -> None:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    assert render(TEMPLATE, turns) == (
        f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("FROM ./model.gguf\n", "", r"is made from \[\], wanted ./model.gguf"),
        ("./model.gguf", "./other.gguf", r"is made from \['./other.gguf'\]"),
        ("FROM ./model.gguf\n", "FROM ./model.gguf\nFROM ./model.gguf\n", "and nothing else"),
        ("FROM ", "RUN rm\nFROM ", "has 'RUN rm', wanted one of"),
        ('Apache-2.0"""', "Apache-2.0", "the triple quotes of LICENSE in the Modelfile do not close"),
        ("num_ctx 2048", "num_ctx 4096", "wants a context of 4096 tokens, the GGUF file has 2048"),
        ("num_ctx 2048", "num_ctx many", "has num_ctx 'many', wanted a number"),
        ('stop "<|im_end|>"', 'stop "<|end|>"', "stops at '<|end|>', which is no control token"),
        ("<|im_end|>\n{{ end }}", "<|im_end|>{{ end }}", "renders a conversation differently"),
        ("{{ range .Messages }}", "{{ if .System }}", "is no loop over .Messages"),
        ("TEMPLATE", "# TEMPLATE", "wanted one of"),
    ],
)
def test_what_does_not_fit_is_refused(before: str, after: str, problem: str) -> None:
    assert before in GOOD
    with pytest.raises(BadModelfile) as error:
        check_modelfile(GOOD.replace(before, after, 1), "model.gguf", FILE, ASKED, RENDERED)
    assert re.search(problem.replace("|", r"\|"), str(error.value))


def test_a_model_that_does_not_speak_chatml_is_refused() -> None:
    with pytest.raises(BadModelfile, match="does not speak ChatML"):
        check_modelfile(GOOD, "model.gguf", FILE, ASKED, "[INST] 1+1=？ [/INST]")
