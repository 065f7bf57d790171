"""Whatever is typed or sent, a search answers or says what was wrong with it."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets_registry.records import Document
from tasks.indexing.config import IndexConfig
from tasks.retrieval.config import HashEmbedding
from tasks.retrieval.index import METHODS, Index, Method

SUBJECTS = ("碳配额", "净利润", "存款利率", "国债", "绿电", "汇率")
HOSTILE = {
    "nothing": "",
    "blanks": " \t\r\n\u3000\u200b",
    "punctuation": "，。！？（）《》“”……——;:'\"[]{}|\\/",
    "emoji": "🚀📈🏦👨‍👩‍👧‍👦🇨🇳",
    "traditional": "碳配額價格上漲與淨利潤",
    "half a character": "碳配额\ud800\udfff价格\udc00",
    "null": "碳\x00配额\x00",
    "one character very often": "碳" * 100_000,
    "a long text": "关于碳配额与净利润的公告，存款利率、国债、绿电和汇率。" * 2_000,
    "many different words": " ".join(f"w{number}" for number in range(15_000)),
    "digits": "1" * 50_000,
    "combining marks": "e\u0301" * 1000 + "\u202e碳配额",
    "ligatures that grow": "\ufdfa" * 3000,
    "a pattern": "(.*)+$ OR 1=1; -- ${jndi:ldap://x} <script>alert(1)</script> ../../etc",
}


@pytest.fixture(scope="module")
def index(build_index: Callable[..., Index]) -> Index:
    documents = [
        Document(f"d{number}", f"会议讨论了{subject}的最新情况。🚀", f"关于{subject}的公告", None, "s", {})
        for number, subject in enumerate(SUBJECTS)
    ]
    return build_index(documents, IndexConfig(embedding=HashEmbedding(dimensions=64)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("query", HOSTILE.values(), ids=HOSTILE)
def test_every_query_is_answered(index: Index, query: str, method: Method) -> None:
    hits = index.search(query, method)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(hit.score == hit.score for hit in hits)
    if not any(map(str.isalnum, query)):
        assert hits == []


@settings(deadline=None)  # the first call compiles
@given(st.text(max_size=60), st.sampled_from(METHODS))
def test_any_text_is_answered_alike_twice_and_among_others(index: Index, query: str, method: Method) -> None:
    hits = index.search(query, method)
    assert hits == index.search(query, method) == index.search_many(["碳配额", query, ""], method)[1]


@pytest.mark.parametrize("method", METHODS)
def test_asking_for_more_than_there_is_gives_what_there_is(index: Index, method: Method) -> None:
    hits = index.search("碳配额的公告", method, top_k=10**6)
    assert len({hit.document for hit in hits}) == len(hits) == len(SUBJECTS)
    assert hits[:3] == index.search("碳配额的公告", method, top_k=3)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"method": "telepathy"}, "method 'telepathy'"),
        ({"method": ""}, "method ''"),
        ({"top_k": 0}, "top_k 0"),
        ({"top_k": -5}, "top_k -5"),
        ({"alpha": float("nan")}, "alpha nan"),
        ({"alpha": float("inf")}, "alpha inf"),
        ({"alpha": -0.01}, "alpha -0.01"),
        ({"alpha": 1.01}, "alpha 1.01"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(
    index: Index, arguments: dict[str, object], named: str
) -> None:
    with pytest.raises(ValueError, match=f"{named}.*wanted one of bm25, dense, hybrid"):
        index.search("碳", **arguments)  # type: ignore[arg-type]


def test_threads_that_share_an_index_get_the_answers_of_one(index: Index) -> None:
    queries = [f"{subject}情况" for subject in SUBJECTS] * 20
    expected = [index.search(query) for query in queries]
    answers: list[object] = []

    def ask() -> None:
        answers.append([index.search(query) for query in queries])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4
