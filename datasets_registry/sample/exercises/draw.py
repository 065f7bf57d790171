"""Draws the exercises of the sample: short Chinese financial questions whose answers can be checked.

Everything is invented. Equal seeds give equal exercises. No two of them have the same question, or the same topic and
numbers, so those that are held out were never trained on: calculations are dealt from decks of distinct numbers,
terms from decks of distinct orders of their options, facts from distinct questions about documents.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datasets_registry.records import Exercise, ExerciseKind
from datasets_registry.sample.exercises.choices import choices
from datasets_registry.sample.exercises.facts import facts
from datasets_registry.sample.exercises.numbers import Card, decks
from datasets_registry.sample.exercises.problems import BANKS, Problem, lines
from datasets_registry.sample.wording import Wording

MOST = 800
_SHARES: dict[ExerciseKind, int] = {"number": 52, "choice": 32, "fact": 16}
"""Of a hundred exercises."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Exercises to learn from and others to be examined on."""

    train: tuple[Exercise, ...]
    held_out: tuple[Exercise, ...]


def draw(sample: Path, seed: int, count: int, held_out: int) -> Drawn:
    """`count` exercises, of which `held_out` are not for training; every kind has its share of both.

    Args:
        sample: the folder that `datasets_registry.sample.generate` wrote; facts are from there.
        seed: equal seeds and samples give equal exercises.
        count: how many in all, up to `MOST`.
        held_out: how many of them are held out; fewer than `count`.

    Raises:
        ValueError: a number is out of range, or the sample has too few short facts.
    """
    if not 0 < held_out < count <= MOST:
        raise ValueError(
            f"found {count} exercises with {held_out} held out, wanted at most {MOST} and fewer held out than in all"
        )
    rng = random.Random(seed)
    problems = _problems(sample, rng, _by_kind(count))
    train: list[Problem] = []
    examined: list[Problem] = []
    for kind, number in _by_kind(held_out).items():
        of_kind = problems[kind]
        train += of_kind[: len(of_kind) - number]
        examined += of_kind[len(of_kind) - number :]
    rng.shuffle(train)
    rng.shuffle(examined)
    exercises = [problem.exercise(f"exercise-{n:04d}") for n, problem in enumerate(train + examined, start=1)]
    return Drawn(tuple(exercises[: len(train)]), tuple(exercises[len(train) :]))


def _by_kind(count: int) -> dict[ExerciseKind, int]:
    """How many of `count` are of each kind; what rounding leaves are numbers."""
    shares = {kind: count * share // 100 for kind, share in _SHARES.items()}
    return shares | {"number": count - shares["choice"] - shares["fact"]}


def _problems(
    sample: Path, rng: random.Random, wanted: dict[ExerciseKind, int]
) -> dict[ExerciseKind, list[Problem]]:
    words = Wording(rng, BANKS)
    cards = decks()
    for deck in cards.values():
        rng.shuffle(deck)
    numbers = list(itertools.islice(_numbers(words, cards), wanted["number"]))
    chosen = list(itertools.islice(choices(words, rng, cards), wanted["choice"]))
    told = facts(words, rng, sample)
    if len(told) < wanted["fact"]:
        raise ValueError(
            f"the sample in {sample} has {len(told)} facts in short sentences, wanted {wanted['fact']}; "
            "draw fewer exercises, or generate the sample in full size"
        )
    return {"number": numbers, "choice": chosen, "fact": told[: wanted["fact"]]}


def _numbers(words: Wording, cards: dict[str, list[Card]]) -> Iterator[Problem]:
    """Calculations, the topics taking turns; the cards that are used leave their decks."""
    for topic in itertools.cycle(cards):
        card = cards[topic].pop()
        question, steps = words.say(topic, "ask", card), words.say(topic, "solve", card)
        yield Problem("number", topic, question, card["answer"], lines(steps))
