"""What the guard does to real texts: to copies with noise, to texts with one fact changed, to labelled pairs."""

import random
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from tasks.dedup.guard import conflict
from tasks.text.facts import find_facts
from tests.tasks.dedup.real_texts import (
    Change,
    are_alike,
    change_code,
    change_date,
    change_digit,
    change_party,
    change_unit,
    changed,
    cleaned,
    noisy,
    profile_of,
    read_rows,
    some_texts,
)

EACH = 80
TEXTS = 400
NAVIGATION = "首页 > 新闻中心 > 正文浏览\n{}\n责任编辑：张三 分享到微信朋友圈 打印本页"


@pytest.fixture(scope="module")
def texts(shared_data: Path) -> list[str]:
    return some_texts(shared_data)


@pytest.fixture(scope="module")
def changes(texts: list[str]) -> dict[str, Change]:
    facts = [fact for text in texts for fact in find_facts(text)]
    codes = sorted({fact.value[:6] for fact in facts if fact.kind == "code" and fact.value[:6].isdecimal()})
    parties = sorted({fact.value for fact in facts if fact.kind == "party" and len(fact.value) <= 16})
    return {
        "number": change_digit,
        "unit": change_unit,
        "date": change_date,
        "code": change_code(codes),
        "party": change_party(parties),
    }


@pytest.mark.parametrize("page", ["{}", NAVIGATION], ids=["alone", "in a page"])
def test_one_changed_fact_is_guarded(texts: list[str], changes: dict[str, Change], page: str) -> None:
    guarded: Counter[str] = Counter()
    for kind, change in changes.items():
        for text, other in _changed(texts, change):
            guarded[kind] += conflict(profile_of(text), profile_of(page.format(other))) is not None
    assert min(guarded[kind] for kind in changes) >= 0.9 * EACH, guarded
    assert guarded.total() >= 0.97 * EACH * len(changes), guarded


@pytest.mark.parametrize(("rate", "allowed"), [(0.01, 0.02), (0.02, 0.01), (0.05, 0.01), (0.1, 0.01)])
def test_a_noisy_copy_is_not(texts: list[str], rate: float, allowed: float) -> None:
    rng = random.Random(7)
    pairs = ((text, noisy(text, rate, rng)) for text in texts[:TEXTS])
    assert _guarded(pairs) <= allowed * TEXTS


def test_a_part_of_a_text_and_a_text_in_another_are_not(texts: list[str]) -> None:
    pairs: list[tuple[str, str]] = []
    for text, around in zip(texts[:TEXTS], texts[TEXTS : 2 * TEXTS], strict=True):
        quarter = len(text) // 4
        pairs += [(text, text[: 3 * quarter]), (text, text[quarter:]), (text, text[quarter : 3 * quarter])]
        pairs.append((text, f"{around[: len(around) // 2]}\n{text}\n{around[len(around) // 2 :]}"))
    assert _guarded(pairs) <= 0.01 * len(pairs)


def test_other_punctuation_width_and_space_are_not(texts: list[str]) -> None:
    wide = {ord(character): chr(ord(character) + 0xFEE0) for character in "0123456789%"}
    narrow = str.maketrans("，。：；（）“”！？、", ',.:;()""!?,')
    spaced = (
        text.replace("。", "。\n　").replace("，", "， ").replace("（", " （") for text in texts[:TEXTS]
    )
    assert _guarded((text, text.translate(wide)) for text in texts[:TEXTS]) == 0
    assert _guarded((text, text.translate(narrow)) for text in texts[:TEXTS]) == 0
    assert _guarded(zip(texts[:TEXTS], spaced, strict=True)) == 0


def test_template_twins_are_guarded(shared_data: Path) -> None:
    pairs = _labelled(shared_data, "crud_news", "crud_finance_4000/template_twins_distinct")[::4]
    assert len(pairs) > 900
    assert _guarded(pairs) >= 0.99 * len(pairs)


@pytest.mark.parametrize(
    ("documents", "labels", "count"),
    [
        ("crud_news", "crud_finance_4000/true_duplicates", 70),
        ("carbon_policy", "carbon_policy/recrawled_duplicates", 550),
    ],
)
def test_true_duplicates_are_not(shared_data: Path, documents: str, labels: str, count: int) -> None:
    pairs = _labelled(shared_data, documents, labels)
    assert len(pairs) >= count
    assert _guarded(pairs) <= 0.02 * len(pairs)


def _changed(texts: list[str], change: Change) -> list[tuple[str, str]]:
    rng = random.Random(3)
    pairs = ((text, changed(text, change, rng)) for text in texts)
    found = [*islice(((text, other) for text, other in pairs if other is not None), EACH)]
    assert len(found) == EACH
    return found


def _guarded(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(conflict(profile_of(left), profile_of(right)) is not None for left, right in pairs)


def _labelled(data: Path, documents: str, labels: str) -> list[tuple[str, str]]:
    """The pairs that the join would find, cleaned."""
    ids = [
        row["ids"] if "ids" in row else (row["a"], row["b"])
        for row in read_rows(data / "dedup" / f"{labels}.jsonl.gz")
    ]
    raw = {
        row["id"]: row["text"]
        for row in read_rows(data / "docs" / f"{documents}.jsonl.gz")
        if row.get("text")
    }
    wanted = {id for pair in ids for id in pair if id in raw}
    texts = {id: cleaned(raw[id]) for id in wanted}
    pairs = [
        (texts[first], texts[other])
        for first, *others in ids
        for other in others
        if first in texts and other in texts
    ]
    return [pair for pair in pairs if are_alike(*pair)]
