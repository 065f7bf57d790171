"""Every error of the server in one JSON shape, `ErrorAnswer`; and in Dify's own on the path that Dify asks."""

from collections.abc import Mapping, Sequence

import orjson
from pydantic import JsonValue
from starlette.responses import Response

from services.search.dify import INVALID_HEADER, NO_KNOWLEDGE, UNAUTHORISED

DIFY_PATH = "/retrieval"
DIFY_CODES = {
    "invalid_header": INVALID_HEADER,
    "unauthorised": UNAUTHORISED,
    "unknown_knowledge": NO_KNOWLEDGE,
}
SHOWN = 60
"""Characters of a wrong value that are shown."""
PROBLEMS = 5
"""Problems of a request that are named; the first ones say enough."""


def json_response(value: Mapping[str, JsonValue], status: int = 200) -> Response:
    """A JSON answer; lone surrogates cannot come here, pydantic refuses them in requests."""
    return Response(orjson.dumps(value), status, media_type="application/json")


def error_response(
    path: str, status: int, code: str, message: str, request_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An error in the shape that whoever asks this path expects.

    A wrong key is 401 everywhere but for Dify, which takes only 403 for it.
    """
    if path == DIFY_PATH:
        status = 403 if status == 401 else status
        body: dict[str, JsonValue] = {"error_code": DIFY_CODES.get(code, status), "error_msg": message}
    else:
        body = {"error": code, "message": message, "request_id": request_id}
    response = json_response(body, status)
    response.headers.update(headers or {})
    return response


def sentence(problems: Sequence[Mapping[str, object]]) -> str:
    """What is wrong with a request: where, what was wanted, what was found; pydantic's problems in words."""
    lines = [_problem(problem) for problem in problems[:PROBLEMS]]
    if len(problems) > PROBLEMS:
        lines.append(f"and {len(problems) - PROBLEMS} more")
    return "; ".join(lines)


def _problem(problem: Mapping[str, object]) -> str:
    location = problem["loc"]
    assert isinstance(location, tuple), "pydantic gives a path"
    place = ".".join(str(part) for part in location if part != "body") or "body"
    message = str(problem["msg"]).removeprefix("Value error, ")
    found = problem.get("input")
    if problem["type"] in ("missing", "value_error", "json_invalid") or isinstance(found, dict | bytes):
        return f"{place}: {message}"
    shown = repr(found)
    return f"{place}: {message}; found {shown if len(shown) <= SHOWN else shown[:SHOWN] + '…'}"
