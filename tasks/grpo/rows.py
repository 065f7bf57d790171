"""Exercises as verl's PPO trainer reads them: a parquet file of prompts, and what their rewards are found by."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from datasets_registry.records import Exercise
from tasks.agent.protocol import messages

SOURCE = "exercises"
SCHEMA = pa.schema(
    [
        ("data_source", pa.string()),
        ("prompt", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
        (
            "extra_info",
            pa.struct(
                [("index", pa.int64()), ("id", pa.string()), ("kind", pa.string()), ("split", pa.string())]
            ),
        ),
    ]
)


def write_rows(path: Path, exercises: Iterable[Exercise], split: str) -> None:
    """One row an exercise, in their order; `split` says in the judged responses where an exercise is from."""
    rows = [
        {
            "data_source": SOURCE,
            "prompt": messages(exercise.question),
            "reward_model": {"style": "rule", "ground_truth": exercise.answer},
            "extra_info": {"index": index, "id": exercise.id, "kind": exercise.kind, "split": split},
        }
        for index, exercise in enumerate(exercises)
    ]
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
