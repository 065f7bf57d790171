"""What every request passes, whatever its path: a name, a key, a bounded body, a log line, a measured time.

Closed by default: a path that is not named in `OPEN` needs a key as soon as keys are configured, also one that is added
later or does not exist.
"""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.search.api_keys import ApiKey, BadHeader, find_key, secret_of
from services.search.errors import error_response
from services.search.measures import Measures
from services.search.request_log import Entry, RequestLog

logger = logging.getLogger(__name__)

OPEN = frozenset({"/healthz", "/readyz"})
"""Paths that need no key."""
REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
PORT = re.compile(r":\d+$")
CHALLENGE = 'Bearer, Basic realm="finloom", charset="UTF-8"'
ENTRY = "finloom.entry"


def entry_of(request: Request) -> Entry:
    """What is known of a request, for its endpoint to add to."""
    entry = request.scope[ENTRY]
    assert isinstance(entry, Entry), "every request passes the gate"
    return entry


class Gate:
    """An ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        paths: frozenset[str],
        keys: tuple[ApiKey, ...],
        max_body_bytes: int,
        log: RequestLog,
        measures: Measures,
    ) -> None:
        """Without keys everybody may ask, but only by a name of this machine's loopback.

        A page of another site that has its own name resolved to the loopback would otherwise be let in by the browser.
        Only `paths` are counted by name: others would let anybody make up new names.
        """
        self._app = app
        self._paths = paths
        self._keys = keys
        self._max_body_bytes = max_body_bytes
        self._log = log
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        entry = scope[ENTRY] = Entry(given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex)
        started, status = time.perf_counter(), 0

        async def named_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = entry.request_id
            await send(message)

        try:
            await self._answer(scope, receive, named_send, headers, entry)
        except Exception:
            logger.exception("request %s failed", entry.request_id)
            if status:
                raise  # an answer had begun: the connection must break, or it would look whole
            message = f"the server failed; its log says why under request id {entry.request_id}"
            response = error_response(scope["path"], 500, "failed", message, entry.request_id)
            await response(scope, receive, named_send)
        finally:
            self._record(scope["path"], status, time.perf_counter() - started, entry)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, entry: Entry
    ) -> None:
        refusal = self._refusal(scope["path"], headers, entry)
        if refusal is not None:
            status, code, message = refusal
            response = error_response(scope["path"], status, code, message, entry.request_id)
            if status == 401:
                response.headers["WWW-Authenticate"] = CHALLENGE
            await response(scope, receive, send)
            return
        size = 0

        async def bounded_receive() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._max_body_bytes:
                raise HTTPException(413, self._too_large())
            return message

        await self._app(scope, bounded_receive, send)

    def _refusal(self, path: str, headers: Headers, entry: Entry) -> tuple[int, str, str] | None:
        """Status, code and message where a request is not let in; who asks is noted in `entry`."""
        host = headers.get("host", "")
        if not self._keys and PORT.sub("", host) not in LOOPBACK_NAMES:
            return (
                421,
                "wrong_host",
                f"this server has no API keys and answers to loopback names only, not to {host[:60]!r}",
            )
        if self._keys and path not in OPEN:
            try:
                entry.key = find_key(self._keys, secret_of(headers.get("authorization", "")))
            except BadHeader as error:
                return 401, "invalid_header", str(error)
            if entry.key is None:
                return 401, "unauthorised", "this API key is not known here"
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > self._max_body_bytes:
            return 413, "too_large", self._too_large()
        return None

    def _too_large(self) -> str:
        return f"a request body has at most {self._max_body_bytes} bytes here; send fewer or shorter queries"

    def _record(self, path: str, status: int, seconds: float, entry: Entry) -> None:
        self._measures.answered(path if path in self._paths else "other", status, seconds)
        if path not in OPEN:
            self._log.write(path, status, seconds * 1000, entry)
