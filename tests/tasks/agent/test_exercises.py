"""A file of exercises is read as it was written, or refused by its line."""

from pathlib import Path

import pytest

from datasets_registry.records import Exercise
from tasks.agent.exercises import BadExercise, exercises_as_lines, read_exercises

ONE = Exercise("e-1", "number", "pe", "股价20元，每股收益2元，市盈率？", "10倍", "<think>...</think>")
TWO = Exercise("e-2", "fact", "fact", "谁？", "海城银行", "<think>...</think>", ("doc-1",))


def test_exercises_come_back(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(exercises_as_lines([ONE, TWO]))
    assert read_exercises(path) == [ONE, TWO]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no exercise"),
        (b"{}\n", r"jsonl:1 is not an exercise"),
        (exercises_as_lines([ONE]) + b"what\n", r"jsonl:2 is not an exercise"),
        (exercises_as_lines([ONE, ONE]), r"jsonl:2 repeats the id 'e-1'"),
    ],
)
def test_a_bad_file_is_refused_by_its_line(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(text)
    with pytest.raises(BadExercise, match=message):
        read_exercises(path)
