"""Pairs teach what answers a query, and never that an answer is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets_registry.records import Passage
from tasks.embedding.config import PairConfig
from tasks.embedding.pairs import NoPairs, Pair, corpus_pairs, training_rows
from tasks.retrieval.config import EncodeConfig

BARE = EncodeConfig(instruction="")


def passage(document: str, number: int, title: str, text: str | None = None) -> Passage:
    body = text or f"{document}的第{number}段。碳配额价格上涨。"
    return Passage(f"{document}#{number}", (document,), title, "", body, 0, len(body), None, "site")


CORPUS = [passage(f"d{n}", part, f"标题{n}") for n in range(12) for part in range(3)]


def content(messages: object) -> str:
    assert isinstance(messages, list)
    return str(messages[0]["content"])


def test_a_title_is_paired_with_the_first_passages_of_its_document() -> None:
    pairs = corpus_pairs(CORPUS, PairConfig(passages_a_document=2))
    assert [pair.id for pair in pairs[:3]] == ["pair-d0#0", "pair-d0#1", "pair-d1#0"]
    assert len(pairs) == 24
    assert pairs[0].query == "标题0"


def test_without_a_title_the_first_sentence_asks() -> None:
    (pair,) = corpus_pairs([passage("d", 0, " ", "碳配额价格上涨。成交量下降。")], PairConfig())
    assert pair.query == "碳配额价格上涨。"


def test_held_out_questions_are_not_learnt_whatever_their_punctuation() -> None:
    pairs = corpus_pairs(CORPUS, PairConfig(), held_out=["标题 3？"])
    assert {pair.query for pair in pairs} == {f"标题{n}" for n in range(12) if n != 3}


def test_documents_that_share_a_title_are_all_gold() -> None:
    twins = [passage("a", 0, "同名"), passage("b", 0, "同名"), *CORPUS]
    assert corpus_pairs(twins, PairConfig())[0].gold == ("a", "b")


def test_a_row_is_what_swift_reads_and_names_what_it_came_from() -> None:
    pairs = corpus_pairs(CORPUS, PairConfig(passages_a_document=1))
    row = next(training_rows(pairs, CORPUS, PairConfig(negatives=2), EncodeConfig(instruction="检索")))
    assert (row["id"], row["parents"]) == ("pair-d0#0", ["d0#0"])
    assert row["messages"] == [{"role": "user", "content": "Instruct: 检索\nQuery:标题0"}]
    assert row["positive_messages"] == [[{"role": "user", "content": "标题0\nd0的第0段。碳配额价格上涨。"}]]
    assert isinstance(row["negative_messages"], list)
    assert len(row["negative_messages"]) == 2


@settings(max_examples=40, deadline=None)
@given(
    titles=st.lists(st.sampled_from(["甲", "乙", "丙"]), min_size=3, max_size=12),
    seed=st.integers(0, 1000),
    negatives=st.integers(1, 2),
)
def test_a_negative_is_never_of_a_gold_document(titles: list[str], seed: int, negatives: int) -> None:
    cut = [passage(f"d{n}", part, title) for n, title in enumerate(titles) for part in range(2)]
    config = PairConfig(seed=seed, negatives=negatives)
    pairs = corpus_pairs(cut, config)
    if len(set(titles)) == 1:
        with pytest.raises(NoPairs, match="build a larger corpus"):
            list(training_rows(pairs, cut, config, BARE))
        return
    texts = {f"{p.title}\n{p.text}": p.parents[0] for p in cut}
    for pair, row in zip(pairs, training_rows(pairs, cut, config, BARE), strict=True):
        assert isinstance(row["negative_messages"], list)
        drawn = [content(messages) for messages in row["negative_messages"]]
        assert len(set(drawn)) == negatives
        assert {texts[text] for text in drawn}.isdisjoint(pair.gold)


def test_a_text_that_also_stands_elsewhere_is_no_negative_of_itself() -> None:
    cut = [
        passage("a", 0, "", "同样的话。"),
        passage("b", 0, "", "同样的话。"),
        passage("c", 0, "", "别的话。"),
    ]
    pair = Pair("问", ("a",), cut[0])
    (row,) = training_rows([pair], cut, PairConfig(), BARE)
    assert row["negative_messages"] == [[{"role": "user", "content": "别的话。"}]]


def test_the_choice_depends_on_ids_and_seed_alone() -> None:
    config = PairConfig(most=5)
    chosen = {pair.id for pair in corpus_pairs(CORPUS, config)}
    assert len(chosen) == 5
    rows = list(training_rows(corpus_pairs(CORPUS, config), CORPUS, config, BARE))
    assert rows == list(training_rows(corpus_pairs(CORPUS, config), CORPUS, config, BARE))
    other = PairConfig(most=5, seed=1)
    assert {pair.id for pair in corpus_pairs(CORPUS, other)} != chosen


def test_a_corpus_without_text_is_refused() -> None:
    with pytest.raises(NoPairs, match="at least one to learn from"):
        list(training_rows([], CORPUS, PairConfig(), BARE))
