"""Exercises as files: one a line, as every stage that trains or examines reads them."""

from collections.abc import Iterable
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from datasets_registry.records import Exercise

_EXERCISE = TypeAdapter(Exercise)


class BadExercise(ValueError):
    """A line of a file of exercises is none."""


def exercises_as_lines(exercises: Iterable[Exercise]) -> bytes:
    """JSON lines; equal exercises give equal bytes."""
    return b"".join(orjson.dumps(exercise) + b"\n" for exercise in exercises)


def read_exercises(path: Path) -> list[Exercise]:
    """The exercises of a file of `exercises_as_lines`.

    Raises:
        BadExercise: a line is not an exercise, two share an id, or there is none.
    """
    found: dict[str, Exercise] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            exercise = _EXERCISE.validate_json(line)
        except ValidationError as error:
            problem = error.errors()[0]
            raise BadExercise(
                f"{path}:{number} is not an exercise ({problem['loc']}: {problem['msg']}); wanted the fields of "
                "`Exercise` in datasets_registry/records.py"
            ) from error
        if exercise.id in found:
            raise BadExercise(f"{path}:{number} repeats the id {exercise.id!r}; give every exercise its own")
        found[exercise.id] = exercise
    if not found:
        raise BadExercise(f"{path} holds no exercise; wanted one a line")
    return list(found.values())
