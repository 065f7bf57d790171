"""The parts of the reward, by step, from what was noted down of every response."""

import json
from pathlib import Path

from tasks.grpo.judged import read_judged
from tasks.runtime.metrics import Metric


def note(folder: Path, name: str, *rows: tuple[int, str, float, float], tail: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"step": step, "split": split, "score": 0.0, "format": form, "answer": answer})
        for step, split, form, answer in rows
    ]
    (folder / name).write_text("".join(f"{line}\n" for line in lines) + tail)


def test_means_of_all_workers_without_validation(tmp_path: Path) -> None:
    note(tmp_path / "0", "judged-1.jsonl", (1, "train", 1, 0), (1, "held_out", 0, 0), (2, "train", 1, 1))
    note(tmp_path / "0", "judged-2.jsonl", (1, "train", 0, 0), tail='{"step": 2, "spl')
    assert read_judged([tmp_path / "0"]) == [
        Metric(1, "reward/answer", 0.0),
        Metric(1, "reward/format", 0.5),
        Metric(2, "reward/answer", 1.0),
        Metric(2, "reward/format", 1.0),
    ]


def test_a_step_that_was_tried_again_counts_once(tmp_path: Path) -> None:
    note(tmp_path / "0", "judged-1.jsonl", (1, "train", 0, 0), (2, "train", 0, 0))
    note(tmp_path / "1", "judged-1.jsonl", (2, "train", 1, 1))
    found = {(m.step, m.name): m.value for m in read_judged([tmp_path / "0", tmp_path / "1"])}
    assert found[2, "reward/answer"] == 1.0
    assert found[1, "reward/answer"] == 0.0


def test_nothing_was_noted_yet(tmp_path: Path) -> None:
    assert read_judged([tmp_path / "0"]) == []
