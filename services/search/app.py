"""The application: its parts put together, from a source of versions to an ASGI app with all endpoints."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import BinaryIO

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from services.search.api_keys import ApiKey
from services.search.asking import Refused
from services.search.batching import Batcher
from services.search.config import ServiceConfig
from services.search.errors import error_response, json_response, sentence
from services.search.gate import Gate, entry_of
from services.search.measures import Measures
from services.search.request_log import RequestLog
from services.search.routes import Parts, add_routes
from services.search.shelf import Shelf
from services.search.source import Source
from services.search.watcher import Watcher

CODES = {404: "no_such_path", 405: "wrong_method", 413: "too_large"}


def make_app(
    source: Source,
    config: ServiceConfig = ServiceConfig(),
    keys: tuple[ApiKey, ...] = (),
    log: BinaryIO | None = None,
    on_ready: Callable[[], object] = lambda: None,
) -> FastAPI:
    """The search service.

    Args:
        source: where versions of the index come from.
        config: how the service behaves.
        keys: who may ask; without any, everybody who reaches the loopback.
        log: an open binary file that gets a JSON line a request.
        on_ready: called when the first version is warm, before it answers.
    """
    shelf = Shelf()
    measures = Measures(shelf)
    batcher = Batcher(shelf, config, measures)
    watcher = Watcher(source, shelf, config, measures, on_ready)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        watcher.start()
        yield
        watcher.stop()
        batcher.stop()
        shelf.clear()

    app = FastAPI(
        title="finloom search",
        version="1",
        description="Search of the index in force.",
        lifespan=lifespan,
        openapi_url=None,  # answered by a route of ours, behind the keys
    )
    add_routes(app, Parts(config, shelf, batcher, watcher, measures))
    _describe(app, config)
    app.add_middleware(
        Gate,
        paths=frozenset(route.path for route in app.routes if isinstance(route, Route)),
        keys=keys,
        max_body_bytes=config.max_body_bytes,
        log=RequestLog(log, config.log_queries),
        measures=measures,
    )
    _answer_errors(app)
    return app


def _answer_errors(app: FastAPI) -> None:
    """Give every error the one shape."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return _error(request, 422, "invalid_request", sentence(error.errors()))

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
        return _error(request, error.status, error.code, str(error), headers)

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        # FastAPI answers 400 to a body that is not even JSON, and 422 to one that breaks off: they are one to us.
        status = 422 if error.status_code == 400 else error.status_code
        code = CODES.get(status, "invalid_request")
        return _error(request, status, code, str(error.detail), dict(error.headers or {}))


def _error(
    request: Request, status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> Response:
    return error_response(request.url.path, status, code, message, entry_of(request).request_id, headers)


def _describe(app: FastAPI, config: ServiceConfig) -> None:
    """Serve the OpenAPI document, with the two ways to send a key and the one index that there is."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    known = document["components"]["schemas"]["RetrievalRequest"]["properties"]["knowledge_id"]
    known["enum"] = ["", config.name]
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "browser": {
            "type": "http",
            "scheme": "basic",
            "description": "Any user name, the key as the password.",
        },
    }
    document["security"] = [{"bearer": []}, {"browser": []}]

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return json_response(document)
