"""The exercises as a whole: right by an oracle that reads only the question, disjoint, in proportion, reproducible."""

import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest

from datasets_registry.records import Exercise
from datasets_registry.sample.exercises.draw import MOST, Drawn, draw
from datasets_registry.sample.exercises.numbers import decks
from tasks.verify.answers import is_right
from tasks.verify.response import boxed, parse
from tests.datasets_registry.sample.reading import Sample

SEED = 20261121
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def part(text: str, pattern: str) -> Decimal:
    """The number where `#` stands in a pattern of the question."""
    found = re.search(pattern.replace("#", r"(-?[0-9]+(?:\.[0-9]+)?)"), text)
    assert found, (pattern, text)
    return Decimal(found[1])


def change(text: str) -> Decimal:
    before, after = (Decimal(number) for number in NUMBER.findall(text))
    return (after / before - 1) * 100


ORACLE: dict[str, Callable[[str], Decimal]] = {
    "change": change,
    "simple": lambda q: part(q, r"(?:本金|存入|借出)#元") * part(q, "#%") / 100 * part(q, "#年(?:利息|期)"),
    "compound": lambda q: part(q, r"(?:本金|存入|借出)#元") * (1 + part(q, "#%") / 100) ** 2,
    "pe": lambda q: part(q, "股价#元") / part(q, "每股收益#元"),
    "pb": lambda q: part(q, "股价#元") / part(q, "每股净资产#元"),
    "debt": lambda q: 100 * part(q, "总负债#亿") / part(q, "总资产#亿"),
    "margin": lambda q: 100 * (1 - part(q, "营业成本#亿") / part(q, "营业收入#亿")),
    "roe": lambda q: 100 * part(q, "净利润#亿") / part(q, "净资产#亿"),
    "dividend": lambda q: 100 * part(q, "每股分红#元") / part(q, "股价#元"),
    "eps": lambda q: part(q, "净利润#亿元") / part(q, "总股本#亿股"),
    "cap": lambda q: part(q, "股价#元") * part(q, "总股本#亿股"),
    "current": lambda q: part(q, "流动资产#亿") / part(q, "流动负债#亿"),
    "gain": lambda q: (part(q, "(?:现价|，以)#元") - part(q, "(?:成本|^以)#元")) * part(q, "#股"),
    "shares": lambda q: part(q, "(?:用|申购)#元") / part(q, "单位净值#元"),
    "total": lambda q: part(q, "#亿元") + part(q, "#万元") / 10000,
    "cut": lambda q: part(q, "#%") - part(q, "#个基点") / 100,
    "exchange": lambda q: part(q, "，#美元") * part(q, "(?:1美元兑|1美元=)#元"),
    "carbon": lambda q: (part(q, "排放#万吨") - part(q, "配额#万吨")) * part(q, "#元/吨"),
}


@pytest.fixture(scope="module")
def drawn(sample: Sample) -> Drawn:
    return draw(sample.folder, SEED, 500, 100)


@pytest.fixture(scope="module")
def exercises(drawn: Drawn) -> list[Exercise]:
    return [*drawn.train, *drawn.held_out]


def test_every_kind_has_its_share_of_both_parts(drawn: Drawn) -> None:
    assert Counter(e.kind for e in drawn.train) == {"number": 208, "choice": 128, "fact": 64}
    assert Counter(e.kind for e in drawn.held_out) == {"number": 52, "choice": 32, "fact": 16}
    assert (
        {e.topic for e in drawn.held_out}
        == {e.topic for e in drawn.train}
        == {*decks(), "term", "compare", "fact"}
    )


def test_every_solution_has_the_format_and_the_right_answer(exercises: list[Exercise]) -> None:
    for exercise in exercises:
        response = parse(exercise.solution)
        assert response, exercise
        assert response.answer == exercise.answer == boxed(exercise.solution)
        assert is_right(response.answer, exercise.answer, exercise.kind) is True, exercise


def test_every_calculation_agrees_with_an_oracle(exercises: list[Exercise]) -> None:
    for exercise in exercises:
        if exercise.kind == "number":
            assert part(exercise.answer, "^#") == ORACLE[exercise.topic](exercise.question), exercise


def test_every_line_of_arithmetic_is_true(exercises: list[Exercise]) -> None:
    checked = 0
    for exercise in exercises:
        for left, right in re.findall(r"(?:[:=后] ?)([-0-9.%+÷×]+)=(-?[0-9.]+%?)", exercise.solution):
            value = eval(left.replace("%", "/100").replace("÷", "/").replace("×", "*"))
            told = float(right.rstrip("%"))
            assert any(abs(value * scale - told) < 1e-6 for scale in (1, 100 if "%" in right else 1)), (
                exercise
            )
            checked += 1
    assert checked > 300


def test_the_chosen_option_is_the_right_one(exercises: list[Exercise]) -> None:
    chosen: dict[str, set[str]] = {}
    for exercise in exercises:
        if exercise.kind != "choice":
            continue
        question, *options = exercise.question.split("\n")
        by_letter = {option[0]: option[3:] for option in options}
        assert list(by_letter) == list("ABCD")
        assert len(set(by_letter.values())) == 4
        right = by_letter[exercise.answer]
        if exercise.topic in ORACLE:
            assert part(right, "^#") == ORACLE[exercise.topic](question)
        elif exercise.topic == "compare":
            best = max if "最高" in question else min
            assert part(right, "^#") == best(part(option, "^#") for option in by_letter.values())
        else:
            chosen.setdefault(question, set()).add(right)
    assert len(chosen) == 24
    assert all(len(right) == 1 for right in chosen.values())
    letters = Counter(exercise.answer for exercise in exercises if exercise.kind == "choice")
    assert min(letters.values()) > 25


def test_every_fact_stands_in_the_document_it_names(exercises: list[Exercise], sample: Sample) -> None:
    asked = {(question["query"], *question["gold"]): question["answer"] for question in sample.questions}
    for exercise in exercises:
        if exercise.kind != "fact":
            assert exercise.parents == ()
            continue
        material, query = exercise.question.removeprefix("材料：").split("\n问题：")
        (document,) = exercise.parents
        assert asked[query, document] == exercise.answer
        assert material in sample.texts[document]
        assert exercise.answer in material


def numbers(exercise: Exercise) -> tuple[str, ...]:
    """The topic and what fills its slots: numbers, the order of options, or the document and the question."""
    if exercise.topic in ORACLE:
        question, *_ = exercise.question.split("\n")
        names = "每股|股价|总资产|总负债|净利润|净资产|营业收入|营业成本|流动资产|流动负债|总股本|分红|成本"
        return (exercise.topic, *sorted(f"{n}" for n in re.findall(rf"(?:{names})?[-0-9.]+", question)))
    return (exercise.topic, exercise.question)


def test_what_is_held_out_was_never_trained_on(drawn: Drawn, exercises: list[Exercise]) -> None:
    assert len({exercise.id for exercise in exercises}) == len(exercises)
    assert len({exercise.question for exercise in exercises}) == len(exercises)
    assert {numbers(e) for e in drawn.train}.isdisjoint(numbers(e) for e in drawn.held_out)


def test_questions_and_solutions_are_short(exercises: list[Exercise]) -> None:
    assert max(len(exercise.question) for exercise in exercises) <= 84
    assert max(len(exercise.solution) for exercise in exercises) <= 130
    assert not any(re.search(r"[<>¶(|]", exercise.question) for exercise in exercises)


def test_no_card_occurs_twice_in_a_deck() -> None:
    for topic, deck in decks().items():
        slots = [tuple(value for name, value in card.items() if name != "answer") for card in deck]
        assert len(set(slots)) == len(slots) >= 40, topic
        assert all(len(card["answer"]) <= 10 for card in deck), topic


def test_equal_seeds_give_equal_exercises_and_others_do_not(sample: Sample, drawn: Drawn) -> None:
    assert draw(sample.folder, SEED, 500, 100) == drawn
    assert draw(sample.folder, SEED + 1, 500, 100) != drawn


@pytest.mark.parametrize("seed", range(6))
def test_other_seeds_and_sizes_keep_the_promises(sample: Sample, seed: int) -> None:
    drawn = draw(sample.folder, seed, MOST, 200)
    assert (len(drawn.train), len(drawn.held_out)) == (MOST - 200, 200)
    both = [*drawn.train, *drawn.held_out]
    test_every_solution_has_the_format_and_the_right_answer(both)
    test_every_calculation_agrees_with_an_oracle(both)
    test_what_is_held_out_was_never_trained_on(drawn, both)


@pytest.mark.parametrize(("count", "held_out"), [(MOST + 1, 10), (100, 100), (100, 0)])
def test_a_number_out_of_range_is_refused(sample: Sample, count: int, held_out: int) -> None:
    with pytest.raises(ValueError, match=f"at most {MOST}"):
        draw(sample.folder, SEED, count, held_out)
