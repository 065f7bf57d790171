"""A shard that changed a little: rows that an earlier shard had take its results, and only the others are worked on.

For functions of rows: what they make of a row depends on nothing but that row and the files that all rows share. They
make one row of each part of each row; or any number, in the order of rows, if what is made names its row.
"""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel

from tasks.runtime.parts import Inputs, Part, at_hand, encode_lines, raw_rows

ConfigT = TypeVar("ConfigT", bound=BaseModel)

Row = tuple[bytes, ...]
"""A row as it is written in each of the files that have it."""

ARRAY = "npy"


@dataclass(frozen=True, slots=True)
class NamedRows:
    """How rows that were made name the row they are made of: its `name` is their `made_of`, or the first one in it."""

    name: str
    made_of: str


@dataclass(frozen=True, slots=True)
class Done:
    """An earlier shard: the files that its rows were read from, the parts that it became, and how those name rows."""

    inputs: Sequence[bytes]
    parts: Mapping[str, Part]
    named: NamedRows | None = None


def rows_done_once(
    function: Callable[[Inputs, ConfigT], dict[str, Part]],
    inputs: Inputs,
    done: Done,
    config: ConfigT,
) -> dict[str, Part]:
    """What `function(inputs, config)` makes, byte for byte, for which it is called with the new rows alone.

    Args:
        function: a function of rows, as above.
        inputs: the files of the shard: first as many as `done` has, row for row, then those that all rows share.
        done: the earlier shard.
        config: passed on.
    """
    rows, before = _rows(inputs[: len(done.inputs)]), _rows(done.inputs)
    places = {row: place for place, row in enumerate(before)}
    fresh = [row for row in dict.fromkeys(rows) if row not in places]
    if len(fresh) == len(rows):
        return function(inputs, config)
    columns = [encode_lines(column).data for column in zip(*fresh, strict=True)]
    made = function(at_hand([*columns, *inputs[len(done.inputs) :]]), config) if fresh else {}
    if done.named:
        return {
            name: _gathered(done, part, made.get(name), rows, before) for name, part in done.parts.items()
        }
    places |= {row: len(before) + place for place, row in enumerate(fresh)}
    order = [places[row] for row in rows]
    return {name: _merged(part, made.get(name), order) for name, part in done.parts.items()}


def _rows(files: Iterable[bytes]) -> list[Row]:
    return list(zip(*(raw_rows(data) for data in files), strict=True))


def _merged(old: Part, new: Part | None, order: Sequence[int]) -> Part:
    """The rows of two files, one after the other, in another order."""
    if old.suffix == ARRAY:
        held = np.concatenate([_array(part.data) for part in (old, new) if part])
        buffer = io.BytesIO()
        np.save(buffer, held[np.array(order, np.int64)], allow_pickle=False)
        return Part(buffer.getvalue(), len(order), ARRAY)
    lines = [line for part in (old, new) if part for line in raw_rows(part.data)]
    return encode_lines(lines[place] for place in order)


def _gathered(done: Done, old: Part, new: Part | None, rows: Sequence[Row], before: Sequence[Row]) -> Part:
    """For each row in turn the rows that were made of it, earlier or now."""
    assert done.named, "rows are gathered by name"
    known, held, fresh = set(before), _by_row(old, done.named), _by_row(new, done.named) if new else {}
    names = (str(orjson.loads(row[0])[done.named.name]) for row in rows)
    groups = ((held if row in known else fresh).get(name, []) for row, name in zip(rows, names, strict=True))
    return encode_lines(line for group in groups for line in group)


def _by_row(part: Part, named: NamedRows) -> dict[str, list[bytes]]:
    groups: dict[str, list[bytes]] = {}
    for line in raw_rows(part.data):
        made_of = orjson.loads(line)[named.made_of]
        groups.setdefault(str(made_of[0] if isinstance(made_of, list) else made_of), []).append(line)
    return groups


def _array(data: bytes) -> NDArray[np.generic]:
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
