"""Choices among four options: terms, comparisons, and calculations with other results beside the right one."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from pydantic import TypeAdapter

from datasets_registry.sample.exercises.numbers import Card, plain
from datasets_registry.sample.exercises.problems import BANKS, Problem, lines
from datasets_registry.sample.wording import Wording, load_banks

LETTERS = "ABCD"
CALCULATED = ("debt", "eps", "margin", "pe", "roe")
"""The topics of calculations that are also asked with options."""


def choices(words: Wording, rng: random.Random, decks: Mapping[str, list[Card]]) -> Iterator[Problem]:
    """Problems without end: every other one is a term, the others are comparisons and calculations in turn.

    `decks` are the cards of calculations that no other problem used; those that are used here leave them.
    """
    asked, compared = _terms(words, rng), _comparisons(words, rng)
    for calculated in _calculations(words, rng, decks):
        yield from (next(asked), next(compared), next(asked), calculated)


def _terms(words: Wording, rng: random.Random) -> Iterator[Problem]:
    """Every order of the options of every term; the terms take turns."""
    rows = TypeAdapter(list[list[str]]).validate_python(load_banks(BANKS)["term"]["terms"])
    decks = []
    for term, right, *wrong, why in rows:
        orders = list(itertools.permutations((right, *wrong)))
        rng.shuffle(orders)
        decks.append([(term, order, right, why) for order in orders])
    for term, order, right, why in itertools.chain.from_iterable(zip(*decks, strict=True)):
        yield _problem(words, "term", {"term": term, "why": why}, order, right)


def _comparisons(words: Wording, rng: random.Random) -> Iterator[Problem]:
    """Which of four figures is the highest or the lowest; no four figures come twice."""
    bank = load_banks(BANKS)["compare"]
    items = TypeAdapter(dict[str, str]).validate_python(bank["items"])
    highest, lowest = TypeAdapter(tuple[str, str]).validate_python(bank["most"])
    seen: set[frozenset[str]] = set()
    while True:
        item, (unit, *numbers) = rng.choice([(item, shape.split()) for item, shape in items.items()])
        least, greatest, divisor = map(int, numbers)
        values = rng.sample(range(least, greatest), len(LETTERS))
        options = [f"{plain(Decimal(value) / divisor)}{unit}" for value in values]
        if frozenset(options) in seen:
            continue
        seen.add(frozenset(options))
        most = rng.choice((highest, lowest))
        best = options[values.index(max(values) if most == highest else min(values))]
        yield _problem(words, "compare", {"item": item, "most": most, "best": best}, options, best)


def _calculations(words: Wording, rng: random.Random, decks: Mapping[str, list[Card]]) -> Iterator[Problem]:
    """Calculations with three other results of the same topic as wrong options."""
    results = {topic: sorted({card["answer"] for card in decks[topic]}) for topic in CALCULATED}
    for topic in itertools.cycle(CALCULATED):
        card = decks[topic].pop()
        wrong = rng.sample([result for result in results[topic] if result != card["answer"]], 3)
        options = [card["answer"], *wrong]
        rng.shuffle(options)
        yield _problem(words, topic, card, options, card["answer"])


def _problem(
    words: Wording, topic: str, facts: Mapping[str, str], options: Sequence[str], right: str
) -> Problem:
    """The problem of options that the phrases of a topic ask about and solve."""
    letter = LETTERS[options.index(right)]
    labelled = dict(zip(LETTERS.lower(), options, strict=True)) | {"question": words.say(topic, "ask", facts)}
    question = "\n".join(lines(words.say("choice", "options", labelled)))
    picked = words.say("choice", "pick", {"result": right, "answer": letter})
    return Problem("choice", topic, question, letter, (*lines(words.say(topic, "solve", facts)), picked))
