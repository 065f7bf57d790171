"""Every request leaves one line of JSON, with what was asked only where that is wanted; figures are counted."""

import io
import json
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.search.app import make_app
from services.search.config import ServiceConfig
from tests.services.conftest import KEY, Folders, eventually, serving
from tests.services.test_api_keys import KEYS, bearer


def lines(log: io.BytesIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize("queries", [True, False])
def test_a_request_leaves_a_line(folders: Folders, queries: bool) -> None:
    log = io.BytesIO()
    config = ServiceConfig(poll_seconds=0.02, log_queries=queries)
    with serving(make_app(folders, config, KEYS, log)) as client:
        headers = bearer(KEY) | {"X-Request-ID": "mine-1"}
        body = {"queries": ["央行\n利率", "债券"], "top_k": 2, "as_of": "2024-06-01"}
        answer = client.post("/v1/search", json=body, headers=headers)
        client.post("/v1/search", json={"query": ""}, headers=bearer(KEY))
        client.get("/metrics", headers=bearer("wrong"))
    found, invalid, unknown = lines(log)
    assert answer.headers["X-Request-ID"] == found["request_id"] == "mine-1"
    assert found["queries"] == (["央行\n利率", "债券"] if queries else 2)
    assert found["ids"] == [[hit["id"] for hit in result["hits"]] for result in answer.json()["results"]]
    assert (found["key"], found["path"], found["status"]) == ("desk", "/v1/search", 200)
    assert (found["method"], found["top_k"], found["as_of"]) == ("hybrid", 2, "2024-06-01")
    assert found["index"] == answer.json()["index"]
    assert isinstance(found["milliseconds"], float) and found["milliseconds"] > 0
    assert (invalid["status"], invalid["key"], "ids" in invalid) == (422, "desk", False)
    assert (unknown["status"], unknown["key"]) == (401, None)
    assert KEY not in log.getvalue().decode() and "wrong" not in log.getvalue().decode()


@pytest.mark.parametrize("given", ["a b", "x" * 200, 'a"b', "{}", ""])
def test_a_strange_request_id_is_replaced(client: httpx.Client, given: str) -> None:
    answered = client.post("/v1/search", json={"query": "a"}, headers={"X-Request-ID": given}).headers[
        "X-Request-ID"
    ]
    assert answered != given
    assert len(answered) == 32


def test_errors_carry_the_request_id(client: httpx.Client) -> None:
    answer = client.post("/v1/search", json={}, headers={"X-Request-ID": "mine-2"})
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == "mine-2"


def test_what_is_measured_can_be_read_by_prometheus(client: httpx.Client) -> None:
    client.post("/v1/search", json={"query": "利率"})
    client.get("/made-up-path")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["finloom_search_requests_total", "/v1/search", "200"] == 1
    assert found["finloom_search_requests_total", "404", "other"] == 1
    assert found["finloom_search_batch_queries_count",] == 1
    assert 0 <= found["finloom_search_index_age_seconds",] < 3600
    assert found["finloom_search_swaps_total",] == 1


def test_every_published_path_is_counted_by_its_name(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path, verbs in paths.items():
        client.request(next(iter(verbs)), path)
    found = {
        sample.labels["path"]
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if sample.name == "finloom_search_requests_total"
    }
    assert set(paths) <= found


def test_a_log_that_is_a_file_grows_line_by_line(tmp_path: Path, folders: Folders) -> None:
    path = tmp_path / "log.jsonl"
    with (
        path.open("ab") as log,
        serving(make_app(folders, ServiceConfig(poll_seconds=0.02), log=log)) as client,
    ):
        client.post("/v1/search", json={"query": "利率"})
        client.post("/v1/search", json={"query": "债券"})
        eventually(lambda: len(path.read_text().splitlines()) == 2)  # an answer goes before its line
