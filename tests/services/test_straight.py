"""The short way from bytes to an endpoint takes and refuses just what FastAPI's own way does, in the same words."""

import asyncio
import json
from functools import partial

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from services.search.contract import SearchRequest
from services.search.dify import RetrievalRequest
from services.search.errors import sentence
from services.search.straight import Straight
from services.search.verl import RetrieveRequest

TEXTS = ("利率", "", " ", "！", "a" * 2001, "\ud800", 5, None, True, ["a"])
DAYS = ("2024-06-30", "soon", "2024-06-30T00:00:00", 20240630, None, "0001-01-01")
NUMBERS = (None, 3, 3.0, 2.5, "3", True, 0, 1000, 10**6, float("nan"), float("inf"))
LISTS = ([], ["a"], ["a", 1], "a", None, ["x" * 201], [""])
CONDITIONS = ("published", ["published"], "source", "kind", "price", None, 7)
OPERATORS = ("before", "≤", "<=", "is", "=", "in", ">", None)
TYPES = (
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON",
    "application/vnd.api+json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "",
)


def some(**values: tuple[object, ...]) -> st.SearchStrategy[dict[str, object]]:
    """Objects that have some of the fields."""
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(of) for name, of in values.items()})


SEARCHES = some(
    query=TEXTS, queries=LISTS, method=("bm25", "dense", "no", None), top_k=NUMBERS, alpha=(*NUMBERS, 0.5),
    as_of=DAYS, undated=(True, False, 1, None), sources=LISTS, kinds=LISTS, more=(1,),
)  # fmt: skip
ROLLOUTS = some(queries=LISTS, topk=NUMBERS, return_scores=(True, False, 1, "yes"), more=(1,))
CONDITION = some(name=CONDITIONS, comparison_operator=OPERATORS, value=(*DAYS, *LISTS))
RETRIEVALS = st.builds(
    lambda one, setting, conditions: (
        one | {"retrieval_setting": setting, "metadata_condition": {"conditions": conditions}}
    ),
    some(query=TEXTS, knowledge_id=TEXTS),
    st.none() | some(top_k=NUMBERS, score_threshold=NUMBERS),
    st.none() | st.lists(CONDITION, max_size=2),
)
ENCODED = st.builds(
    lambda value, ascii, encoding: json.dumps(value, ensure_ascii=ascii).encode(encoding, "surrogatepass"),
    SEARCHES | ROLLOUTS | RETRIEVALS,
    st.booleans(),
    st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"]),
)
BROKEN = st.sampled_from([b"", b"{", b"[]", b"null", b'"a"', b"{}x", b'{"query": "a", "query": ""}', b"\xff"])


def make(model: type[BaseModel]) -> FastAPI:
    """An app that gives back what it understood, at one path by the short way, at the other by the long one."""
    app = FastAPI()

    async def endpoint(body: BaseModel, request: Request) -> Response:
        return Response(body.model_dump_json(), media_type="application/json")

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return Response(sentence(error.errors()), 422)

    endpoint.__annotations__["body"] = model
    add = partial(app.router.add_api_route, endpoint=endpoint, methods=["POST"])
    add("/short", route_class_override=Straight)
    add("/long")
    return app


APPS = [make(model) for model in (SearchRequest, RetrieveRequest, RetrievalRequest)]


async def answers(app: FastAPI, body: bytes, content_type: str) -> list[tuple[int, bytes]]:
    transport = httpx.ASGITransport(app)
    headers = {"content-type": content_type} if content_type else {}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        given = [await client.post(path, content=body, headers=headers) for path in ("/short", "/long")]
    return [(answer.status_code, answer.content) for answer in given]


@given(st.sampled_from(APPS), ENCODED | BROKEN, st.sampled_from(TYPES))
def test_both_ways_understand_the_same(app: FastAPI, body: bytes, content_type: str) -> None:
    short, long = asyncio.run(answers(app, body, content_type))
    assert short == long


def test_what_another_site_can_send_is_no_search() -> None:
    body = b'{"query": "a"}'
    statuses = {kind: asyncio.run(answers(APPS[0], body, kind))[0][0] for kind in TYPES}
    assert [kind for kind, status in statuses.items() if status == 200] == list(TYPES[:4])
