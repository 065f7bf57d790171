"""How models did in the examination: format, right answers and perplexity, with intervals, one row a model.

Rates have Wilson's 95 % intervals. Perplexity, and every difference to the first row, has a bootstrap interval over the
questions: the same resamples for all rows, so differences are paired. Equal answers give equal figures.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter

from datasets_registry.records import Exercise
from tasks.verify.answers import is_right
from tasks.verify.response import boxed, parse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NORMAL_95 = 1.959963984540054
PERCENTILES = (2.5, 97.5)
RESAMPLES = 2000
SEED = 20261121


class BadAnswers(ValueError):
    """The answers of a model do not belong to the exercises."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What a model said to an exercise; `loss` is the summed negative log-likelihood (nats) of `scored` tokens."""

    id: str
    text: str
    tokens: int
    loss: float
    scored: int


class Estimate(BaseModel):
    """A figure with its 95 % interval; `of` is how many questions it rests on."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float
    of: int


class ModelRow(BaseModel):
    """A model's figures: rates from 0 to 1, perplexity per token of the reference solutions.

    `answers` is by kind of exercise, where there are such, and `all`. `differences` to the first row are absent in it.
    """

    model_config = ConfigDict(frozen=True)

    label: str
    format: Estimate
    answers: dict[str, Estimate]
    perplexity: Estimate
    tokens: float
    differences: dict[str, Estimate] | None = None


class Ablation(BaseModel):
    """`ablation.json`: rows in the order in which the models were given."""

    model_config = ConfigDict(frozen=True)

    questions: int
    resamples: int
    seed: int
    rows: tuple[ModelRow, ...]


def read_answers(path: Path) -> list[GivenAnswer]:
    """The answers that `programs/generate.py` wrote."""
    rows = TypeAdapter(GivenAnswer)
    return [rows.validate_json(line) for line in path.read_bytes().splitlines()]


def compare(exercises: Sequence[Exercise], answers: Mapping[str, Sequence[GivenAnswer]]) -> Ablation:
    """The figures of every model, by label; the first one is what the others are compared with.

    Raises:
        BadAnswers: a model has not answered exactly the exercises, has no loss, or an exercise cannot be judged.
    """
    marked = {label: _mark(label, exercises, given) for label, given in answers.items()}
    chosen = np.random.default_rng(SEED).integers(len(exercises), size=(RESAMPLES, len(exercises)))
    first = next(iter(marked))
    rows = tuple(
        _row(label, marks, None if label == first else marked[first], exercises, chosen)
        for label, marks in marked.items()
    )
    return Ablation(questions=len(exercises), resamples=RESAMPLES, seed=SEED, rows=rows)


def wilson(successes: int, trials: int) -> Estimate:
    """The rate of successes in at least one trial, with Wilson's score interval."""
    rate, square = successes / trials, NORMAL_95**2
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    half = (
        NORMAL_95 * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials**2)) / (1 + square / trials)
    )
    # At the ends the bounds are the rate itself but for rounding.
    low, high = (0.0 if not successes else middle - half), (1.0 if successes == trials else middle + half)
    return Estimate(value=rate, low=low, high=high, of=trials)


@dataclass(frozen=True, slots=True)
class _Marks:
    """One model's answers as arrays over the exercises; `formatted` and `right` are 0 or 1."""

    formatted: Floats
    right: Floats
    loss: Floats
    scored: Floats
    tokens: Floats

    def measures(self, chosen: Integers) -> dict[str, Floats]:
        """What models are compared by, for every row of exercises in `chosen` (rows, exercises)."""
        return {
            "format": self.formatted[chosen].mean(axis=1),
            "answers": self.right[chosen].mean(axis=1),
            "perplexity": np.exp(self.loss[chosen].sum(axis=1) / self.scored[chosen].sum(axis=1)),
        }


def _mark(label: str, exercises: Sequence[Exercise], given: Sequence[GivenAnswer]) -> _Marks:
    by_id = {answer.id: answer for answer in given}
    if len(by_id) != len(given) or by_id.keys() != {exercise.id for exercise in exercises}:
        raise BadAnswers(
            f"{label} has {len(given)} answers that are not one to each of the {len(exercises)} exercises; "
            "examine it again on these exercises"
        )
    ordered = [by_id[exercise.id] for exercise in exercises]
    lost = [answer.id for answer in ordered if answer.scored < 1 or not math.isfinite(answer.loss)]
    if lost:
        raise BadAnswers(
            f"{label} has no finite loss on {len(lost)} exercises ({lost[0]}, ...); check the model's weights"
        )
    pairs = zip(ordered, exercises, strict=True)
    return _Marks(
        formatted=np.array([parse(answer.text) is not None for answer in ordered], float),
        right=np.array([_is_right(answer, exercise) for answer, exercise in pairs], float),
        loss=np.array([answer.loss for answer in ordered], float),
        scored=np.array([answer.scored for answer in ordered], float),
        tokens=np.array([answer.tokens for answer in ordered], float),
    )


def _is_right(answer: GivenAnswer, exercise: Exercise) -> bool:
    verdict = is_right(boxed(answer.text) or "", exercise.answer, exercise.kind)
    if verdict is None:
        raise BadAnswers(
            f"exercise {exercise.id} expects {exercise.answer!r}, which is no {exercise.kind} that answers can be "
            "judged by; correct the exercise"
        )
    return verdict


def _row(
    label: str, marks: _Marks, first: _Marks | None, exercises: Sequence[Exercise], chosen: Integers
) -> ModelRow:
    count = len(exercises)
    every = np.arange(count)[np.newaxis]
    value, resampled = marks.measures(every), marks.measures(chosen)
    answers = {"all": wilson(int(marks.right.sum()), count)}
    for kind in dict.fromkeys(exercise.kind for exercise in exercises):
        of_kind = marks.right[[exercise.kind == kind for exercise in exercises]]
        answers[kind] = wilson(int(of_kind.sum()), len(of_kind))
    differences = None
    if first is not None:
        before, resampled_before = first.measures(every), first.measures(chosen)
        differences = {
            name: _estimate(value[name] - before[name], resampled[name] - resampled_before[name], count)
            for name in value
        }
    return ModelRow(
        label=label,
        format=wilson(int(marks.formatted.sum()), count),
        answers=answers,
        perplexity=_estimate(value["perplexity"], resampled["perplexity"], count),
        tokens=float(marks.tokens.mean()),
        differences=differences,
    )


def _estimate(value: Floats, resampled: Floats, of: int) -> Estimate:
    low, high = np.percentile(resampled, PERCENTILES)
    return Estimate(value=float(value[0]), low=float(low), high=float(high), of=of)
