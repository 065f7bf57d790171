"""Searching over HTTP gives what the index gives, in three shapes, and refuses what makes no sense."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.retrieval.filters import Filters, as_of_date
from tasks.retrieval.index import METHODS, Index, Method
from tests.services.conftest import SUBJECTS


@pytest.fixture(scope="module")
def index(first_folder: Path) -> Index:
    return Index.open(first_folder)


def ids(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    return [[hit["id"] for hit in result["hits"]] for result in answer.json()["results"]]


@pytest.mark.parametrize("method", METHODS)
def test_it_finds_what_the_index_finds(client: httpx.Client, index: Index, method: Method) -> None:
    asked = ["碳配额价格", "央行利率", "茅台 2024"]
    answer = client.post("/v1/search", json={"queries": asked, "method": method, "top_k": 4})
    expected = index.search_many(asked, method, 4)
    assert ids(answer) == [[hit.document for hit in hits] for hits in expected]
    first, passage = answer.json()["results"][0]["hits"][0], expected[0][0].passage
    assert first["score"] == pytest.approx(expected[0][0].score, abs=1e-5)
    assert (first["text"], first["start"], first["end"]) == (passage.text, passage.start, passage.end)
    assert (first["rank"], first["file"], first["line"]) == (1, "a.jsonl", 7)
    assert answer.headers["X-Finloom-Index"] == answer.json()["index"]


def test_what_a_request_leaves_out_is_the_servers_choice(client: httpx.Client, index: Index) -> None:
    answer = client.post("/v1/search", json={"query": "债券"})
    assert answer.json()["method"] == "hybrid"
    assert ids(answer) == [[hit.document for hit in index.search("债券", "hybrid", 5)]]


def test_filters_reach_the_index(client: httpx.Client, index: Index) -> None:
    body = {"query": "统计", "as_of": "2024-05-01", "sources": ["央行"], "kinds": ["notice"], "top_k": 50}
    filters = Filters(as_of_date("2024-05-01"), sources=("央行",), kinds=("notice",))
    expected = [hit.document for hit in index.search("统计", "hybrid", 50, None, filters)]
    assert ids(client.post("/v1/search", json=body)) == [expected]
    assert 0 < len(expected) < len(SUBJECTS)
    with_undated = ids(client.post("/v1/search", json=body | {"undated": True}))[0]
    assert set(with_undated) > set(expected)


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "wanted `query` or `queries`"),
    ({"query": "a", "queries": ["a"]}, "wanted `query` or `queries`"),
    ({"query": ""}, "query"),
    ({"query": "  \n "}, "query"),
    ({"query": "长" * 2001}, "query"),
    ({"queries": []}, "queries"),
    ({"query": "a", "top_k": 0}, "top_k"),
    ({"query": "a", "top_k": 10**6}, "top_k"),
    ({"query": "a", "top_k": 10**40}, "top_k"),
    ({"query": "a", "method": "magic"}, "'bm25', 'dense' or 'hybrid'; found 'magic'"),
    ({"query": "a", "as_of": "tomorrow"}, "as_of is 'tomorrow', wanted a date"),
    ({"query": "a", "as_of": "2024-02-30"}, "wanted a date"),
    ({"query": "a", "as_of": 20240101}, "wanted a date"),
    ({"query": "a", "alpha": 1.5}, "alpha"),
    ({"query": "a", "tenant": "bank"}, "tenant"),
]


@pytest.mark.parametrize(
    ("body", "said"), BAD, ids=[said[:20] + str(number) for number, (_, said) in enumerate(BAD)]
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    client: httpx.Client, body: dict[str, Any], said: str
) -> None:
    answer = client.post("/v1/search", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid_request"
    assert said in answer.json()["message"]
    assert len(answer.content) < 2000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 50_000,
        b"null",
        b'{"query": "\\ud800"}',
        b'{"query": "a", "alpha": NaN}',
    ],
    ids=["empty", "broken", "no-utf8", "deep", "null", "surrogate", "nan"],
)
def test_bodies_that_are_no_json_object_are_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/v1/search", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("length", ["known", "chunked"])
def test_a_body_of_100_kb_is_too_large(client: httpx.Client, length: str) -> None:
    body = b'{"query": "' + b"a" * 100_000 + b'"}'
    content = body if length == "known" else iter([body[:60_000], body[60_000:]])
    answer = client.post("/v1/search", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"] == "too_large"


def test_an_answer_of_over_10000_documents_is_too_large(client: httpx.Client) -> None:
    answer = client.post("/v1/search", json={"queries": ["a"] * 256, "top_k": 40})
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert "256 queries times top_k 40 is more than the 10000 documents" in answer.json()["message"]


@pytest.mark.parametrize("query", ["。！？", "😀🚀", "!!!", "﷽", "\u200b\u200b."])
def test_queries_without_a_word_are_answered(client: httpx.Client, query: str) -> None:
    assert len(ids(client.post("/v1/search", json={"query": query}))) == 1


def test_traditional_characters_are_answered(client: httpx.Client) -> None:
    assert ids(client.post("/v1/search", json={"query": "碳配額成交上漲", "method": "dense"}))[0][0] == "d01"


def test_verl_gets_its_shape(client: httpx.Client, index: Index) -> None:
    body = {"queries": ["央行利率", ""], "topk": 3, "return_scores": True}
    found, nothing = client.post("/retrieve", json=body).json()["result"]
    assert [row["document"]["id"] for row in found] == [
        hit.document for hit in index.search("央行利率", top_k=3)
    ]
    document = found[0]["document"]
    assert document["contents"] == f"{document['title']}\n{document['text']}"
    assert found[0]["score"] >= found[1]["score"]
    assert nothing == []
    bare = client.post("/retrieve", json={"queries": ["央行利率"], "topk": 3}).json()["result"]
    assert bare == [[row["document"] for row in found]]


def test_unknown_paths_and_methods_have_the_one_shape(client: httpx.Client) -> None:
    assert client.get("/v2/search").json()["error"] == "no_such_path"
    wrong = client.get("/v1/search")
    assert (wrong.status_code, wrong.json()["error"], wrong.headers["allow"]) == (405, "wrong_method", "POST")


def test_an_open_server_answers_to_loopback_names_only(client: httpx.Client) -> None:
    answer = client.post("/v1/search", json={"query": "a"}, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["error"]) == (421, "wrong_host")
