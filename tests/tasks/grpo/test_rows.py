"""Rows of the PPO trainer: the prompt of everywhere, and what the reward is found by."""

from pathlib import Path

import pyarrow.parquet as pq

from tasks.agent.protocol import messages
from tasks.grpo.rows import write_rows
from tests.tasks.verl.training import exercises


def test_a_row_is_a_prompt_with_its_answer(tmp_path: Path) -> None:
    drawn = exercises(2)
    write_rows(tmp_path / "rows.parquet", drawn, "train")
    rows = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [row["prompt"] for row in rows] == [messages(exercise.question) for exercise in drawn]
    assert rows[1]["reward_model"] == {"style": "rule", "ground_truth": "2元"}
    assert rows[1]["extra_info"] == {"index": 1, "id": "e1", "kind": "number", "split": "train"}
    assert "solution" not in str(rows)
