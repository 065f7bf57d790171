"""Titles as questions: parted into halves that never share one, whatever the corpus and the seed."""

from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import Question
from tasks.retrieval.known_items import half_of, known_items

NAMES = st.dictionaries(
    st.text("abcdef0123456789", min_size=1, max_size=6), st.text("年报公告", max_size=3), max_size=40
)


def test_a_name_that_only_one_document_has_asks_for_it() -> None:
    names = [("a", "年报"), ("b", "年报"), ("d", "碳配额公告"), ("e", "")]
    found = [
        question for half in ("development", "evaluation") for question in known_items(names, 9, 0, half)
    ]
    assert found == [Question("known-d", "碳配额公告", ("d",))]


@given(NAMES, st.integers(0, 9), st.integers(0, 9))
def test_the_halves_share_no_document_and_miss_none(names: dict[str, str], one: int, other: int) -> None:
    development = {question.gold for question in known_items(names.items(), 99, one, "development")}
    evaluation = {question.gold for question in known_items(names.items(), 99, other, "evaluation")}
    spoken = [name for name in names.values() if name]
    assert not development & evaluation
    assert len(development | evaluation) == sum(spoken.count(name) == 1 for name in spoken)


def test_both_halves_are_of_like_size() -> None:
    assert 400 < sum(half_of(f"d{number}") == "development" for number in range(1000)) < 600


def test_fewer_are_the_first_of_more() -> None:
    names = [(f"d{number}", f"公告{number}") for number in range(80)]
    assert known_items(names, 9, 3, "evaluation") == known_items(names[::-1], 30, 3, "evaluation")[:9]
    assert known_items(names, 9, 4, "evaluation") != known_items(names, 9, 3, "evaluation")
