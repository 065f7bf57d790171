"""Exercises as verl's SFT trainer reads them: a parquet file with one column, `messages`."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from datasets_registry.records import Exercise
from tasks.agent.protocol import messages

SCHEMA = pa.schema([("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())])))])


def conversation(exercise: Exercise) -> list[dict[str, str]]:
    """What the model is told and asked, as everywhere, and the worked solution that it is to give."""
    return [*messages(exercise.question), {"role": "assistant", "content": exercise.solution}]


def write_rows(path: Path, exercises: Iterable[Exercise]) -> None:
    """One row an exercise, in their order."""
    rows = [{"messages": conversation(exercise)} for exercise in exercises]
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
