"""Figures of the examination against textbook values, brute force and the properties that intervals must have."""

import math
import random
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import Exercise
from tasks.evaluation.models import Ablation, BadAnswers, GivenAnswer, compare, read_answers, wilson

GOOD = "<think>Step1: 算。</think><answer><|box_start|>{}<|box_end|></answer><|im_end|>"
EXERCISES = [
    *(Exercise(f"n{n}", "number", "pe", f"{n}?", f"{n}%", "") for n in range(30)),
    *(Exercise(f"c{n}", "choice", "term", f"{n}?", "ABCD"[n % 4], "") for n in range(20)),
]


def answers(right: Callable[[int], bool], loss: float = 10.0, frame: str = GOOD) -> list[GivenAnswer]:
    """An answer to every exercise; the wrong ones say 999."""
    return [
        GivenAnswer(e.id, frame.format(e.answer if right(n) else "999"), 12, loss + n % 3, 5 + n % 2)
        for n, e in enumerate(EXERCISES)
    ]


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_intervals_are_those_of_the_textbook(
    successes: int, trials: int, low: float, high: float
) -> None:
    estimate = wilson(successes, trials)
    assert (estimate.value, estimate.of) == (successes / trials, trials)
    assert (estimate.low, estimate.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_wilson_interval_holds_its_rate_and_mirrors(case: tuple[int, int]) -> None:
    successes, trials = case
    estimate, mirrored = wilson(successes, trials), wilson(trials - successes, trials)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate.low == pytest.approx(1 - mirrored.high)


def test_rates_are_counted_by_kind_and_format_apart_from_answers() -> None:
    unformatted = "答案是<|box_start|>{}<|box_end|>"
    (row,) = compare(EXERCISES, {"base": answers(lambda n: n < 40, frame=unformatted)}).rows
    assert row.format.value == 0
    assert {kind: (rate.value, rate.of) for kind, rate in row.answers.items()} == {
        "all": (0.8, 50),
        "number": (1.0, 30),
        "choice": (0.5, 20),
    }
    assert row.differences is None
    assert row.tokens == 12


def test_perplexity_is_per_token_of_all_solutions() -> None:
    given = answers(lambda n: True)
    (row,) = compare(EXERCISES, {"base": given}).rows
    expected = math.exp(sum(answer.loss for answer in given) / sum(answer.scored for answer in given))
    assert row.perplexity.value == pytest.approx(expected)
    assert row.perplexity.low < expected < row.perplexity.high


def test_differences_are_paired_with_the_first_row() -> None:
    table = compare(
        EXERCISES,
        {
            "base": answers(lambda n: n % 2 == 0),
            "same": answers(lambda n: n % 2 == 0),
            "better": answers(lambda n: n % 2 == 0 or n < 20, loss=5),
        },
    )
    _, same, better = table.rows
    assert same.differences
    assert better.differences
    assert all((d.value, d.low, d.high) == (0, 0, 0) for d in same.differences.values())
    gain = better.differences["answers"]
    assert gain.value == pytest.approx(0.2)
    assert 0 < gain.low < gain.value < gain.high
    # Paired: much narrower than the two rates' own intervals allow.
    assert gain.high - gain.low < 0.7 * (better.answers["all"].high - better.answers["all"].low) * 2**0.5
    assert better.differences["format"].value == 0
    assert better.differences["perplexity"].high < 0


def test_the_bootstrap_interval_is_that_of_plain_resampling() -> None:
    first, second = answers(lambda n: n % 3 == 0), answers(lambda n: n % 3 != 0)
    table = compare(EXERCISES, {"a": first, "b": second})
    rng, differences = random.Random(1), []
    for _ in range(4000):
        chosen = rng.choices(range(50), k=50)
        differences.append(sum((n % 3 != 0) - (n % 3 == 0) for n in chosen) / 50)
    differences.sort()
    found = table.rows[1].differences
    assert found
    assert found["answers"].low == pytest.approx(differences[100], abs=0.05)
    assert found["answers"].high == pytest.approx(differences[3900], abs=0.05)


def test_equal_answers_give_equal_figures_in_any_order() -> None:
    given = answers(lambda n: n < 25)
    once = compare(EXERCISES, {"base": given})
    assert compare(EXERCISES, {"base": given[::-1]}) == once
    assert Ablation.model_validate_json(once.model_dump_json()) == once


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (answers(lambda n: True)[:-1], "49 answers that are not one to each of the 50"),
        ([*answers(lambda n: True)[:-1], GivenAnswer("n0", "", 1, 1, 1)], "50 answers that are not one"),
        (answers(lambda n: True, loss=math.nan), "no finite loss on 50 exercises"),
    ],
)
def test_answers_that_do_not_fit_are_refused(given: list[GivenAnswer], message: str) -> None:
    with pytest.raises(BadAnswers, match=message):
        compare(EXERCISES, {"base": given})


def test_an_exercise_that_cannot_be_judged_is_refused() -> None:
    exercise = Exercise("x", "number", "pe", "?", "很多", "")
    with pytest.raises(BadAnswers, match="exercise x expects '很多', which is no number"):
        compare([exercise], {"base": [GivenAnswer("x", "", 1, 1.0, 1)]})


def test_answers_are_read_as_the_examiner_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    row = {"id": "a", "text": "一\u2028二\n", "tokens": 3, "loss": 1.5, "scored": 2}
    path.write_bytes(orjson.dumps(row) + b"\n")
    assert read_answers(path) == [GivenAnswer("a", "一\u2028二\n", 3, 1.5, 2)]
