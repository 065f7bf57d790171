"""The endpoints: each turns a request into searches, and hits into the shape that its caller expects."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import FastAPI, Query, Request
from pydantic import JsonValue
from starlette.responses import HTMLResponse, Response

from datasets_registry.records import Hit
from services.search import dify, page, verl
from services.search.asking import Answer, Ask, NotReady, Refused, TooMuch
from services.search.batching import Batcher
from services.search.config import ServiceConfig
from services.search.contract import (
    HITS,
    QUERY_CHARACTERS,
    ErrorAnswer,
    SearchAnswer,
    SearchRequest,
    plain_hit,
)
from services.search.errors import json_response
from services.search.gate import entry_of
from services.search.lookup import Lookups, RecordsAnswer, RecordsRequest
from services.search.measures import Measures, index_age
from services.search.shelf import Shelf, Version
from services.search.straight import Straight
from services.search.watcher import Watcher
from tasks.retrieval.filters import Filters, as_of_date
from tasks.retrieval.index import Method

PAGE_TOP_K = 50
INDEX_HEADER = "X-Finloom-Index"


class PlainText(Response):
    """Text in the format of Prometheus."""

    media_type = "text/plain; version=0.0.4"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the endpoints work with."""

    config: ServiceConfig
    shelf: Shelf
    batcher: Batcher
    watcher: Watcher
    measures: Measures


def add_routes(app: FastAPI, parts: Parts) -> None:
    """Give the application all its endpoints."""
    _add_searches(app, parts)
    _add_records(app, Lookups(parts.shelf))
    _add_conditions(app, parts)
    _add_page(app, parts)


def _errors(
    model: type[ErrorAnswer] | type[dify.DifyError], *statuses: int
) -> dict[int | str, dict[str, object]]:
    """The errors of an endpoint, for its schema."""
    return {status: {"model": model} for status in (*statuses, 413, 422, 503)}


async def _search(parts: Parts, request: Request, queries: Sequence[str], ask: Ask) -> Answer:
    """Search, and note in the log what was asked and found; queries that are blank find nothing."""
    if len(queries) * ask.top_k > HITS:
        raise TooMuch(
            f"{len(queries)} queries times top_k {ask.top_k} is more than the {HITS} documents of the largest answer; "
            "ask for fewer"
        )
    details = entry_of(request).details
    details |= {"method": ask.method, "top_k": ask.top_k, "queries": list(queries)}
    details["task_desc"] = ask.task_desc is not None
    if ask.filters.as_of is not None:
        details["as_of"] = ask.filters.as_of.isoformat()
    answer = await parts.batcher.search(queries, ask)
    details["index"] = answer.version
    details["ids"] = [[hit.document for hit in hits] for hits in answer.hits]
    return answer


def _answered(body: dict[str, JsonValue], answer: Answer) -> Response:
    response = json_response(body)
    response.headers[INDEX_HEADER] = answer.version
    return response


def _add_searches(app: FastAPI, parts: Parts) -> None:
    async def search(body: SearchRequest, request: Request) -> Response:
        """Search the index in force."""
        queries, ask = body.asked, body.ask(parts.config, entry_of(request).tenant)
        answer = await _search(parts, request, queries, ask)
        results: list[JsonValue] = [
            {"query": query, "hits": [plain_hit(rank, hit) for rank, hit in enumerate(hits, start=1)]}
            for query, hits in zip(queries, answer.hits, strict=True)
        ]
        return _answered({"index": answer.version, "method": ask.method, "results": results}, answer)

    async def retrieve(body: verl.RetrieveRequest, request: Request) -> Response:
        """Search as verl's search tool and Search-R1 do."""
        ask = Ask(parts.config.method, body.topk or parts.config.top_k, None, _seen_by(request))
        answer = await _search(parts, request, body.queries, ask)
        return _answered(verl.retrieved(answer.hits, body.return_scores), answer)

    async def retrieval(body: dify.RetrievalRequest, request: Request) -> Response:
        """Search as Dify's external knowledge API does."""
        ask = body.ask(parts.config, entry_of(request).tenant)
        answer = await _search(parts, request, [body.query], ask)
        return _answered(dify.records(answer.hits[0], body.threshold), answer)

    add = partial(app.router.add_api_route, methods=["POST"], route_class_override=Straight)
    add("/v1/search", search, response_model=SearchAnswer, responses=_errors(ErrorAnswer, 401))
    add("/retrieve", retrieve, response_model=verl.RetrieveAnswer, responses=_errors(ErrorAnswer, 401))
    add("/retrieval", retrieval, response_model=dify.RetrievalAnswer, responses=_errors(dify.DifyError, 403))


def _add_records(app: FastAPI, lookups: Lookups) -> None:
    @app.post("/v1/records", response_model=RecordsAnswer, responses=_errors(ErrorAnswer, 401))
    async def records(body: RecordsRequest, request: Request) -> Response:
        """Look up structured records by code, name and date."""
        version, rows = await lookups.find(body, entry_of(request).tenant)
        asked = body.model_dump(mode="json", include={"code", "name", "first", "last", "as_of", "limit"})
        ids: list[JsonValue] = [row.id for row in rows]
        entry_of(request).details |= {"queries": [asked], "index": version, "ids": [ids]}
        response = json_response({"index": version, "records": [row.shown() for row in rows]})
        response.headers[INDEX_HEADER] = version
        return response


def _seen_by(request: Request) -> Filters:
    return Filters(tenant=entry_of(request).tenant)


def _add_conditions(app: FastAPI, parts: Parts) -> None:
    @app.get("/healthz", openapi_extra={"security": []})
    async def healthz() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}

    @app.get(
        "/readyz", responses={503: {"description": "No version is open yet."}}, openapi_extra={"security": []}
    )
    async def readyz() -> Response:
        """Whether searches are answered, by which version, how old it is, and what is wrong with a newer one."""
        condition = _condition(parts)
        return json_response(condition, 200 if condition["ready"] else 503)

    @app.get("/metrics", responses={401: {"model": ErrorAnswer}}, response_class=PlainText)
    async def metrics() -> Response:
        """The figures of this server, for Prometheus."""
        return PlainText(parts.measures.text())


def _condition(parts: Parts) -> dict[str, JsonValue]:
    version, refusal = parts.shelf.current, parts.watcher.refusal
    age = index_age(parts.shelf)
    return {
        "ready": version is not None,
        "name": parts.config.name,
        "index": version.sha256 if version else None,
        "published": version.published.isoformat() if version else None,
        "age_seconds": None if math.isnan(age) else round(age, 1),
        "documents": version.index.manifest.documents if version else None,
        "passages": version.index.manifest.passages if version else None,
        "refused": {"index": refusal.sha256, "error": refusal.error} if refusal else None,
        "source_error": parts.watcher.source_error,
    }


def _add_page(app: FastAPI, parts: Parts) -> None:
    @app.get("/", include_in_schema=False)
    async def show(
        request: Request,
        q: Annotated[str, Query(max_length=QUERY_CHARACTERS)] = "",
        as_of: Annotated[str, Query(max_length=40)] = "",
        top_k: Annotated[int, Query(ge=1, le=PAGE_TOP_K)] = 5,
    ) -> HTMLResponse:
        """The page."""
        form = page.Form(q, as_of, top_k)
        found: dict[Method, Sequence[Hit]] = {}
        words: list[str] = []
        front = parts.shelf.current
        version, problem, status = front.sha256 if front else None, "", 200
        try:
            if q.strip():
                answers = await _by_every_method(parts, request, form)
                version = next(iter(answers.values())).version
                found = {method: answer.hits[0] for method, answer in answers.items()}
                words = _words(parts, q)
        except Refused as error:
            problem, status = str(error), error.status
        return HTMLResponse(page.page(form, version, found, words, problem), status, headers=page.HEADERS)


async def _by_every_method(parts: Parts, request: Request, form: page.Form) -> dict[Method, Answer]:
    """The answers of all methods that the index knows, from one version."""
    try:
        as_of = as_of_date(form.as_of) if form.as_of else None
    except ValueError as error:
        raise Refused(str(error)) from error
    filters = Filters(as_of, tenant=entry_of(request).tenant)
    while True:
        answers = {
            method: await _search(parts, request, [form.query], Ask(method, form.top_k, None, filters))
            for method in _in_front(parts).index.methods
        }
        if len({answer.version for answer in answers.values()}) == 1:
            return answers


def _words(parts: Parts, query: str) -> list[str]:
    """The words of a query as the index in front counts them."""
    return _in_front(parts).index.tokenizer.tokens(query)


def _in_front(parts: Parts) -> Version:
    """The version that answers, for what it says of itself."""
    version = parts.shelf.current
    if version is None:
        raise NotReady("no version of the index is open; ask /readyz, then try again")
    return version
