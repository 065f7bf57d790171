"""GGUF files by the real converter and quantiser: what they hold is counted, and what is not real is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.release.config import QUANTISATIONS, GgufConfig, Quantisation
from tasks.release.gguf import (
    BadQuantisation,
    GgufFile,
    check_file,
    convert_program,
    describe_program,
    file_name,
    read_descriptions,
)
from tasks.runtime.programs import ProgramFailed, run_program

MakeModel = Callable[[int], Path]

GOOD = GgufFile(
    architecture="qwen3",
    context=2048,
    tensors=24,
    matrices={"Q4_K": 900, "Q6_K": 100},
    missing=(),
    error=0.07,
    vocabulary=640,
    control_tokens=("<|im_end|>", "<|endoftext|>"),
    visible_tokens=("<|box_start|>", "<|box_end|>"),
    has_chat_template=True,
)


def described(folder: Path) -> dict[Quantisation, GgufFile]:
    files = {name: folder / file_name(name) for name in QUANTISATIONS}
    target = folder / "described.json"
    run_program(
        describe_program(files["f16"], list(files.values()), target), folder, folder / "log", lambda _: None
    )
    return read_descriptions(target)


@pytest.mark.gguf
def test_rows_of_256_weights_become_real_types(gguf_files: MakeModel) -> None:
    found = described(gguf_files(256))
    assert set(found["f16"].matrices) == {"F16"}
    assert set(found["Q8_0"].matrices) == {"Q8_0"}
    assert set(found["Q4_K_M"].matrices) == {"Q4_K", "Q6_K"}
    assert found["f16"].error == 0 < found["Q8_0"].error < found["Q4_K_M"].error
    for name, file in found.items():
        check_file(file, name, GgufConfig())
        assert (file.architecture, file.context, file.fallback(name)) == ("qwen3", 2048, 0)


@pytest.mark.gguf
def test_a_model_that_falls_back_is_refused(gguf_files: MakeModel) -> None:
    found = described(gguf_files(128))
    assert not {"Q4_K", "Q6_K"} & set(found["Q4_K_M"].matrices)
    with pytest.raises(
        BadQuantisation, match=r"model-Q4_K_M.gguf has 100.0% of its weights in other types \(Q"
    ):
        check_file(found["Q4_K_M"], "Q4_K_M", GgufConfig())
    check_file(found["Q8_0"], "Q8_0", GgufConfig())


@pytest.mark.gguf
def test_a_tokenizer_that_cuts_otherwise_is_not_called_qwen(tiny_qwen3: MakeModel, tmp_path: Path) -> None:
    model = shutil.copytree(tiny_qwen3(128), tmp_path / "model")
    tokenizer = json.loads((model / "tokenizer.json").read_bytes())
    tokenizer["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = r"\s+|\S+"
    (model / "tokenizer.json").write_text(json.dumps(tokenizer))
    target = tmp_path / "model.gguf"
    with pytest.raises(ProgramFailed, match="BPE pre-tokenizer was not recognized"):
        run_program(
            convert_program(model, target, "x", GgufConfig()), tmp_path, tmp_path / "log", lambda _: None
        )
    assert not target.exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"matrices": {"Q4_K": 94, "Q5_0": 6}}, "6.0% of its weights in other types"),
        ({"error": 0.4}, "is off by 40.00% in one"),
        ({"missing": ("blk.0.attn_q.weight",)}, "lacks 1 matrices"),
        ({"has_chat_template": False}, "has no chat template"),
        ({"control_tokens": ("<|box_start|>",), "visible_tokens": ("<|box_end|>",)}, "would not show <|box_start|>"),
        ({"visible_tokens": ()}, "would not show <|box_end|>, <|box_start|>"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_in_one_sentence(change: dict[str, object], problem: str) -> None:
    check_file(GOOD, "Q4_K_M", GgufConfig())
    with pytest.raises(BadQuantisation) as error:
        check_file(GOOD.model_copy(update=change), "Q4_K_M", GgufConfig())
    assert problem in str(error.value)


def test_a_few_weights_may_fall_back() -> None:
    file = GOOD.model_copy(update={"matrices": {"Q4_K": 96, "Q5_0": 4}})
    assert file.fallback("Q4_K_M") == pytest.approx(0.04)
    check_file(file, "Q4_K_M", GgufConfig())
