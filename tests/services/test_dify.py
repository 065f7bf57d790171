"""Dify's external knowledge API, with what Dify really sends."""

from typing import Any

import httpx
import pytest

BODY: dict[str, Any] = {
    "knowledge_id": "main",
    "query": "央行利率下调",
    "retrieval_setting": {"top_k": 3, "score_threshold": 0.0},
    "metadata_condition": None,
}


def ask(client: httpx.Client, **changes: object) -> httpx.Response:
    return client.post("/retrieval", json=BODY | changes)


def condition(name: object, operator: str, value: object) -> dict[str, object]:
    return {"conditions": [{"name": name, "comparison_operator": operator, "value": value}]}


def published(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [record["metadata"]["published"] for record in answer.json()["records"]]


def test_records_come_best_first_and_metadata_is_always_an_object(client: httpx.Client) -> None:
    records = ask(client).json()["records"]
    assert len(records) == 3
    assert records[0]["title"] == "央行利率下调的通知"
    scores = [record["score"] for record in records]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert all(
        isinstance(record["metadata"], dict) and None not in record["metadata"].values() for record in records
    )


def test_a_threshold_cuts_records_off(client: httpx.Client) -> None:
    every = ask(client, retrieval_setting={"top_k": 16, "score_threshold": 0}).json()["records"]
    least = every[2]["score"]
    some = ask(client, retrieval_setting={"top_k": 16, "score_threshold": least}).json()["records"]
    assert some == [record for record in every if record["score"] >= least]
    assert len(some) < len(every)


@pytest.mark.parametrize(
    "changes",
    [
        {"retrieval_setting": {"top_k": None, "score_threshold": None}},
        {"retrieval_setting": {"top_k": "3", "score_threshold": "0.1"}},
        {"retrieval_setting": None},
        {"knowledge_id": ""},
        {"metadata_condition": {"logical_operator": "and", "conditions": None}},
        {"query": ""},
        {"a_new_field": 1},
    ],
)
def test_what_dify_leaves_open_is_answered(client: httpx.Client, changes: dict[str, object]) -> None:
    assert ask(client, **changes).status_code == 200


def test_the_probe_without_a_body_is_not_taken_for_a_wrong_address(client: httpx.Client) -> None:
    answer = client.post("/retrieval", headers={"Authorization": "Bearer x"})
    assert answer.status_code not in (403, 404, 502)
    assert set(answer.json()) == {"error_code", "error_msg"}


def test_another_knowledge_is_unknown(client: httpx.Client) -> None:
    answer = ask(client, knowledge_id="days")
    assert (answer.status_code, answer.json()["error_code"]) == (422, 2001)
    assert "'main'" in answer.json()["error_msg"]


def test_dates_are_filters(client: httpx.Client) -> None:
    sixteen = {"top_k": 16, "score_threshold": 0}
    on_the_day = ask(
        client, retrieval_setting=sixteen, metadata_condition=condition("published", "≤", "2024-03-01")
    )
    before = ask(
        client, retrieval_setting=sixteen, metadata_condition=condition(["published"], "before", "2024-03-01")
    )
    assert max(published(on_the_day)) == "2024-03-01"
    assert "" not in published(on_the_day)
    assert sorted(published(before)) == sorted(day for day in published(on_the_day) if day < "2024-03-01")


@pytest.mark.parametrize(("operator", "value"), [("is", "央行"), ("=", "央行"), ("in", ["央行", "无"])])
def test_sources_are_filters(client: httpx.Client, operator: str, value: object) -> None:
    answer = ask(client, metadata_condition=condition("source", operator, value))
    assert {record["metadata"]["source"] for record in answer.json()["records"]} == {"央行"}


@pytest.mark.parametrize(
    "wanted",
    [
        condition("author", "is", "a"),
        condition("source", "contains", "央"),
        condition("published", "after", "2024-01-01"),
        condition("published", "before", "soon"),
        condition("published", "before", "0001-01-01"),
        condition("source", "in", []),
        {"logical_operator": "or", "conditions": condition("source", "is", "a")["conditions"] * 2},  # type: ignore[operator]
        {"conditions": condition("source", "is", "a")["conditions"] * 2},  # type: ignore[operator]
    ],
)
def test_a_condition_that_cannot_be_checked_is_refused_and_never_left_out(
    client: httpx.Client, wanted: dict[str, object]
) -> None:
    answer = ask(client, metadata_condition=wanted)
    assert (answer.status_code, answer.json()["error_code"]) == (422, 422)
    assert answer.json()["error_msg"]
