"""What settings are tuned on: titles of one half, passages that do not show them, and a sample that does not jump."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import Document, Question
from tasks.indexing.config import PassageConfig, TuningConfig
from tasks.indexing.development import Row, as_indexed, draw, some_of, title_questions, without_titles
from tasks.indexing.passages import split_passages
from tasks.retrieval.config import TokenConfig
from tasks.retrieval.known_items import half_of, known_items
from tasks.retrieval.tokens import search_text, shared_tokenizer

TOKENIZER = shared_tokenizer(TokenConfig())
CONFIG = TuningConfig(queries=10, passages=100)


def document(name: str, title: str, text: str) -> Document:
    return Document(name, text, title, None, "s", {})


def rows(*documents: Document) -> list[Row]:
    cut = split_passages(documents, PassageConfig(target_characters=60, min_characters=20))
    return [(passage, TOKENIZER.tokens(search_text(passage))) for passage in cut]


def test_titles_of_the_development_half_ask_and_no_others() -> None:
    documents = [document(f"d{number}", f"第{number}号公告", "利率下调。") for number in range(40)]
    asked = title_questions(rows(*documents), TuningConfig(queries=99))
    assert {question.gold[0] for question in asked} == {
        d.id for d in documents if half_of(d.id) == "development"
    }
    evaluated = known_items(((d.id, d.title) for d in documents), 99, 5, "evaluation")
    assert not {question.query for question in asked} & {question.query for question in evaluated}


@pytest.mark.parametrize(
    "text",
    ["# 碳配额发放公告\n全国碳市场今日开市。" * 2, "全国碳市场今日开市，碳配额发放公告已经公布。" * 3],
    ids=["the text begins with it", "it stands in the text"],
)
def test_a_passage_without_its_title_has_the_tokens_of_what_is_left(text: str) -> None:
    sample = without_titles(rows(document("a", "碳配额发放公告", text)), TOKENIZER)
    assert sample.tokens == [TOKENIZER.tokens(shown) for shown in sample.texts]
    assert not any(shown.startswith(("碳配额发放公告", "# 碳配额")) for shown in sample.texts)
    assert sample.documents == ["a"] * len(sample.texts)


def test_as_indexed_is_as_indexed() -> None:
    made = rows(document("a", "碳配额公告", "全国碳市场今日开市。" * 9))
    sample = as_indexed(made)
    assert sample.tokens == [tokens for _, tokens in made]
    assert sample.texts[0].startswith("碳配额公告\n")


@given(st.integers(1, 40), st.sets(st.integers(0, 19), max_size=4))
def test_a_sample_has_all_that_answers_and_no_more_than_there_is_room_for(room: int, gold: set[int]) -> None:
    made = [
        (replace(PASSAGE, id=f"d{n:02}#{k}", parents=(f"d{n:02}",)), ["词"])
        for n in range(20)
        for k in range(2)
    ]
    wanted = {f"d{number:02}" for number in gold}
    config = TuningConfig.model_construct(passages=room, seed=1)
    drawn = draw(made[::-1], wanted, config)
    names = [passage.parents[0] for passage, _ in drawn]
    assert names == sorted(names)
    assert wanted <= set(names)
    assert len(drawn) <= max(room, 2 * len(wanted))
    assert {p.id for p, _ in draw(made, wanted, config)} == {p.id for p, _ in drawn}


PASSAGE = rows(document("a", "", "全国碳市场今日开市。"))[0][0]


def test_some_of_the_given_questions_do_not_depend_on_their_order() -> None:
    given_ones = [Question(f"q{number}", "问", ("d",)) for number in range(50)]
    assert some_of(given_ones, CONFIG) == some_of(given_ones[::-1], CONFIG)
    assert len(some_of(given_ones, CONFIG)) == 10
