"""A served GGUF file against its model, over HTTP: equal where it is, refused where it is not."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.release.config import ServingConfig
from tasks.release.endpoint import chat
from tasks.release.gguf import file_name, reference_program
from tasks.release.proof import (
    DECOMPOSED,
    TEXTS,
    Comparison,
    NotTheSame,
    Reference,
    check_comparison,
    compare,
    write_questions,
)
from tasks.release.servers import served
from tasks.runtime.programs import run_program

MakeModel = Callable[[int], Path]

SERVING = ServingConfig(engine="llama", device="cpu", context=512, slots=1, threads=1)

EQUAL = Comparison(
    texts=15,
    cut_differently=[],
    conversations=3,
    rendered_differently=0,
    agreement=1,
    difference=0.001,
    normalises=False,
)


def test_the_texts_are_many_and_normalised() -> None:
    assert len(TEXTS) >= 10
    assert all(unicodedata.normalize("NFC", text) == text for text in TEXTS)
    assert unicodedata.normalize("NFC", DECOMPOSED) != DECOMPOSED


@pytest.mark.gguf
def test_a_served_file_is_the_model_that_it_was_made_from(
    tiny_qwen3: MakeModel, gguf_files: MakeModel, tmp_path: Path
) -> None:
    asked, answered = tmp_path / "asked.json", tmp_path / "answered.json"
    write_questions(asked)
    run_program(
        reference_program(tiny_qwen3(256), asked, answered), tmp_path, tmp_path / "log", lambda _: None
    )
    expected = Reference.model_validate_json(answered.read_bytes())
    with served("llama", gguf_files(256) / file_name("f16"), SERVING, tmp_path) as endpoint:
        found = compare(endpoint, expected)
        check_comparison(found, "f16", 0.05)
        assert (found.agreement, found.normalises) == (1.0, False)
        assert chat(endpoint, [{"role": "user", "content": "1+1=？"}], 4).completion_tokens >= 1

        other = [[*ids, 0] if number == 3 else ids for number, ids in enumerate(expected.ids)]
        found = compare(endpoint, expected.model_copy(update={"ids": other, "rendered": ["", "", ""]}))
        assert found.cut_differently == [TEXTS[3]]
        assert found.rendered_differently == 3

        unlikely = [case.model_copy(update={"logprob": case.logprob - 1}) for case in expected.following]
        with pytest.raises(NotTheSame, match="differs from the model by 1"):
            check_comparison(
                compare(endpoint, expected.model_copy(update={"following": unlikely})), "f16", 0.05
            )
    with served("llama", gguf_files(256) / file_name("Q4_K_M"), SERVING, tmp_path) as endpoint:
        check_comparison(compare(endpoint, expected), "Q4_K_M", None)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"cut_differently": ["  两个空格"]}, "cuts 1 of 15 texts into other tokens than the model, such as '  两个"),
        ({"rendered_differently": 2}, "renders 2 of 3 conversations differently"),
        ({"difference": 0.2}, "differs from the model by 0.2 nats"),
    ],
)  # fmt: skip
def test_a_difference_is_said_in_one_sentence(change: dict[str, object], problem: str) -> None:
    check_comparison(EQUAL, "file", 0.05)
    with pytest.raises(NotTheSame) as error:
        check_comparison(EQUAL.model_copy(update=change), "file", 0.05)
    assert problem in str(error.value)


def test_the_probabilities_of_a_quantised_file_are_only_reported() -> None:
    check_comparison(EQUAL.model_copy(update={"difference": 3.0}), "Q4_K_M", None)
