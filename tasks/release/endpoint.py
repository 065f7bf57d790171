"""An OpenAI-compatible server on loopback: its port, when it is ready, and what it answers.

A server counts as ready only when it has answered a real chat with the key and refused one without it.
"""

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx
from pydantic import JsonValue

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.5
CHAT_SECONDS = 120.0
PROMPT_FLOOR = 4
"""A rendered conversation has more tokens than this; a server that ignores the chat template may show fewer."""

Messages = Sequence[dict[str, str]]


class PortTaken(RuntimeError):
    """Something else listens on the port."""


class NotReady(RuntimeError):
    """A server did not come up as it should; the message says why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is, the name of its model, and the key that it wants."""

    port: int
    model: str
    key: str = field(repr=False)

    @property
    def url(self) -> str:
        """The base address, without `/v1`."""
        return f"http://{LOOPBACK}:{self.port}"

    def client(self, seconds: float = CHAT_SECONDS) -> httpx.Client:
        """An HTTP client that sends the key and goes through no proxy."""
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=seconds,
            trust_env=False,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a chat, and the tokens that went in and came out."""

    text: str
    prompt_tokens: int
    completion_tokens: int


def take_port(wanted: int = 0) -> int:
    """A port that a server can listen on now: `wanted`, or any free one where it is 0.

    Raises:
        PortTaken: something listens on `wanted`.
    """
    with socket.socket() as probe:
        # Connections of a server that just ended linger for a minute; servers bind over them, so must this.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError as error:
            raise PortTaken(
                f"port {wanted} of {LOOPBACK} is in use by another program; end it, or choose another port (0: any)"
            ) from error
        return int(probe.getsockname()[1])


def wait_until_ready(endpoint: Endpoint, alive: Callable[[], bool], seconds: float) -> Reply:
    """Wait for `/health`, then prove that the server answers with the key and refuses without it.

    Raises:
        NotReady: it ended, took longer than `seconds`, or failed the proof.
    """
    deadline = time.monotonic() + seconds
    while not is_healthy(endpoint):
        if not alive():
            raise NotReady(f"the server of {endpoint.model} ended before it was ready")
        if time.monotonic() > deadline:
            raise NotReady(
                f"the server of {endpoint.model} was not ready after {seconds:.0f} s; "
                "raise ready_minutes if it needs longer"
            )
        time.sleep(POLL_SECONDS)
    if not alive():
        raise NotReady(f"another program answers at {endpoint.url}; choose another port (0: any)")
    refuses_strangers(endpoint)
    return chat(endpoint, [{"role": "user", "content": "1+1=？"}], max_tokens=8)


def is_healthy(endpoint: Endpoint) -> bool:
    """Whether `/health` answers 200 now."""
    try:
        with endpoint.client(5.0) as client:
            return client.get("/health").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def refuses_strangers(endpoint: Endpoint) -> None:
    """Make sure that a chat without the key is refused; raises `NotReady` where it is not."""
    body = _body(endpoint, [{"role": "user", "content": "1"}], 1)
    with httpx.Client(base_url=endpoint.url, timeout=CHAT_SECONDS, trust_env=False) as client:
        code = client.post("/v1/chat/completions", json=body).status_code
    if code != httpx.codes.UNAUTHORIZED:
        raise NotReady(f"the server of {endpoint.model} answered {code} to a chat without a key, wanted 401")


def chat(endpoint: Endpoint, messages: Messages, max_tokens: int) -> Reply:
    """One reply at temperature 0.

    Raises:
        NotReady: the server gave an error, no tokens, or too few prompt tokens to have rendered the conversation.
    """
    with endpoint.client() as client:
        answer = client.post("/v1/chat/completions", json=_body(endpoint, messages, max_tokens))
    if answer.status_code != httpx.codes.OK:
        raise NotReady(
            f"the server of {endpoint.model} answered {answer.status_code} to a chat: {answer.text[:300]}"
        )
    value = answer.json()
    usage = value["usage"]
    if usage["prompt_tokens"] <= PROMPT_FLOOR or usage["completion_tokens"] < 1:
        raise NotReady(
            f"the server of {endpoint.model} read {usage['prompt_tokens']} tokens and wrote "
            f"{usage['completion_tokens']}; wanted a rendered conversation and an answer: look at its chat template"
        )
    text = value["choices"][0]["message"]["content"] or ""
    return Reply(text, usage["prompt_tokens"], usage["completion_tokens"])


def _body(endpoint: Endpoint, messages: Messages, max_tokens: int) -> dict[str, JsonValue]:
    return {
        "model": endpoint.model,
        "messages": [dict(message) for message in messages],
        "max_tokens": max_tokens,
        "temperature": 0,
    }
