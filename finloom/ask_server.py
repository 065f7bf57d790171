"""Ask a search server over HTTP, with what may go wrong told in one sentence."""

import os
from typing import Any

import httpx

from finloom.output import WrongUse, fail

KEY = "FINLOOM_SEARCH_KEY"
PATIENCE = 30.0
"""Seconds."""

JsonHit = dict[str, object]


def ask_server(
    url: str, query: str, method: str, top_k: int, alpha: float | None, as_of: str | None
) -> tuple[str, list[JsonHit]]:
    """The version of the index that answered, and its hits; the server's own complaint is wrong use."""
    body = {"query": query, "method": method, "top_k": top_k, "alpha": alpha, "as_of": as_of}
    said = _post(url, "/v1/search", body)
    return said["index"], said["results"][0]["hits"]


def ask_for_records(url: str, lookup: dict[str, object]) -> tuple[str, list[JsonHit]]:
    """The version of the index that answered, and the rows; errors as of `ask_server`."""
    said = _post(url, "/v1/records", lookup)
    return said["index"], said["records"]


def _post(url: str, path: str, body: dict[str, object]) -> dict[str, Any]:
    """The answer to a request, which has an `index`."""
    headers = {"Authorization": f"Bearer {os.environ[KEY]}"} if KEY in os.environ else {}
    try:
        answer = httpx.post(f"{url.rstrip('/')}{path}", json=body, headers=headers, timeout=PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(
            f"no search server answers at {url}: {error or type(error).__name__}; is `finloom serve search` running?"
        )
    if answer.status_code == 401:
        fail(f"{url} wants an API key, and {KEY} {'holds none that it knows' if headers else 'is not set'}")
    try:
        said = answer.json()
        if answer.status_code == 422:
            raise WrongUse(f"{url} says: {said['message']}")
        if answer.status_code == 200:
            return {"index": said["index"], **said}
        fail(f"{url} answers {answer.status_code}: {said['message']}")
    except (ValueError, KeyError, TypeError):
        fail(f"{url} answers {answer.status_code}, and not as a search server does; is it one?")
