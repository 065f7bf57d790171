"""The examiner with a real model: greedy, complete, the same after a kill, and its losses those of a plain forward."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blocks.home import CHECKOUT
from datasets_registry.records import Exercise
from tasks.agent.exercises import exercises_as_lines
from tasks.runtime.programs import ProgramFailed
from tasks.runtime.tools import Tool
from tests.tasks.checkpoints.conftest import RunVerl

pytestmark = pytest.mark.verl

SOLUTION = "<think>Step1: {}÷2。</think><answer><|box_start|>{}倍<|box_end|></answer>"
EXERCISES = [
    Exercise(
        f"e-{n}",
        "number",
        "pe",
        f"股价{n}元，每股收益2元，市盈率？" * (1 + n % 3),
        f"{n / 2}倍",
        SOLUTION.format(n, n / 2),
    )
    for n in range(4, 16)
]
NEW_TOKENS = 12

ORACLE = """
import json, pathlib, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from tasks.agent.protocol import messages
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
rows = []
for line in pathlib.Path(sys.argv[2]).read_bytes().splitlines():
    exercise = json.loads(line)
    prompt = tokenizer.apply_chat_template(messages(exercise["question"]), tokenize=False, add_generation_prompt=True)
    ids = tokenizer(prompt, add_special_tokens=False).input_ids
    said = []
    while len(said) < int(sys.argv[3]):
        said.append(int(model(torch.tensor([ids + said])).logits[0, -1].argmax()))
        if tokenizer.convert_ids_to_tokens(said[-1]) in ("<|im_end|>", "<|endoftext|>"):
            break
    target = tokenizer(exercise["solution"] + "<|im_end|>", add_special_tokens=False).input_ids
    labels = torch.tensor([[-100] * len(ids) + target])
    loss = model(torch.tensor([ids + target]), labels=labels).loss.item()
    row = {"text": tokenizer.decode(said), "tokens": len(said)}
    rows.append(row | {"loss": loss * len(target), "scored": len(target)})
pathlib.Path(sys.argv[4]).write_text(json.dumps(rows))
"""


def command(model: Path, folder: Path, batch: int = 4, device: str = "cpu") -> list[str]:
    (folder / "exercises.jsonl").write_bytes(exercises_as_lines(EXERCISES))
    return [
        *("python", "-m", "tasks.evaluation.programs.generate", f"--model={model}", f"--device={device}"),
        *(f"--exercises={folder / 'exercises.jsonl'}", f"--out={folder / 'answers.jsonl'}"),
        *(f"--batch={batch}", f"--max-new-tokens={NEW_TOKENS}"),
    ]


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def examined(tiny: Path, run_verl: RunVerl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the answers of an examination that nothing disturbed."""
    folder = tmp_path_factory.mktemp("examined")
    run_verl(folder, *command(tiny, folder))
    return folder


def test_answers_and_losses_are_those_of_one_question_at_a_time(
    examined: Path, tiny: Path, run_verl: RunVerl
) -> None:
    out = examined / "oracle.json"
    run_verl(
        examined,
        "python",
        "-c",
        ORACLE,
        str(tiny),
        str(examined / "exercises.jsonl"),
        str(NEW_TOKENS),
        str(out),
    )
    rows, oracle = read(examined / "answers.jsonl"), json.loads(out.read_text())
    assert [row["id"] for row in rows] == [exercise.id for exercise in EXERCISES]
    for row, expected in zip(rows, oracle, strict=True):
        assert row["loss"] == pytest.approx(expected.pop("loss"), rel=1e-4)
        assert {name: row[name] for name in expected} == expected
    assert not (examined / "answers.jsonl.partial").exists()


def test_a_killed_examination_goes_on_and_ends_in_the_same_bytes(
    examined: Path, tiny: Path, run_verl: RunVerl, tool: Callable[[str], Tool], tmp_path: Path
) -> None:
    argv = command(tiny, tmp_path)
    partial = tmp_path / "answers.jsonl.partial"
    killed = subprocess.Popen([str(tool("verl").program("python")), *argv[1:]], cwd=CHECKOUT)
    while not (partial.exists() and partial.read_bytes().count(b"\n") >= 4):
        assert killed.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "answers.jsonl").exists()
    with partial.open("ab") as torn:
        torn.write(b'{"id": "e-15", "text": "a line that was not writ')
    lines = run_verl(tmp_path, *argv)
    assert "answered 12 of 12 exercises" in lines[-1]
    assert (tmp_path / "answers.jsonl").read_bytes() == (examined / "answers.jsonl").read_bytes()


def test_answers_that_are_there_are_kept(
    examined: Path, tiny: Path, run_verl: RunVerl, tmp_path: Path
) -> None:
    kept = [row | {"text": "kept"} for row in read(examined / "answers.jsonl")]
    (tmp_path / "answers.jsonl.partial").write_text("".join(json.dumps(row) + "\n" for row in kept[:11]))
    run_verl(tmp_path, *command(tiny, tmp_path))
    found = read(tmp_path / "answers.jsonl")
    assert found[:11] == kept[:11]
    assert found[11] == read(examined / "answers.jsonl")[11]


def test_a_gpu_that_is_not_there_is_said_in_one_sentence(
    tiny: Path, run_verl: RunVerl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(ProgramFailed, match="found no GPU that torch can use, wanted cuda"):
        run_verl(tmp_path, *command(tiny, tmp_path, device="cuda"))
    assert not (tmp_path / "answers.jsonl").exists()


def test_a_model_without_the_marks_of_a_turn_is_refused(
    tiny: Path, run_verl: RunVerl, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(tiny, model)
    for path in model.glob("*token*.json"):
        path.write_text(path.read_text().replace("<|im_end|>", "<|im_stop|>"))
    with pytest.raises(ProgramFailed, match=r"lacks <\|im_end\|>, wanted both"):
        run_verl(tmp_path, *command(model, tmp_path))
