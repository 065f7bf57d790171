"""The Prefect server of the stack: on SQLite and loopback, or the one that `PREFECT_API_URL` names."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
from pydantic import JsonValue

from blocks.home import home
from infra.ports import LOOPBACK
from infra.processes import Program, StackError
from infra.state import read_state

NAME = "prefect"
PATIENCE = 300.0
PORT = 4200


def api_url(ports: Mapping[str, int]) -> str:
    """The address of the embedded server's API."""
    return f"http://{LOOPBACK}:{ports['prefect']}/api"


def default_ports() -> dict[str, int]:
    """The port to try first."""
    return {"prefect": PORT}


def external_url() -> str | None:
    """The user's own server, or None where the embedded one serves.

    Our own address comes back in `PREFECT_API_URL` from `finloom env` and in flow runs; that is no other.
    """
    url = os.environ.get("PREFECT_API_URL", "").rstrip("/")
    state = read_state()
    if not url or (state and state.prefect_embedded and url == state.prefect_api_url):
        return None
    return url


def program(ports: Mapping[str, int]) -> Program:
    """How to run the server on its port."""
    folder = home() / "prefect"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Program(
        name=NAME,
        command=[
            *(sys.executable, "-m", "prefect", "--no-prompt", "server", "start"),
            *("--host", LOOPBACK, "--port", str(ports["prefect"])),
        ],
        environment={
            "PREFECT_HOME": str(folder),
            "PREFECT_API_URL": api_url(ports),
            # Without it the page asks port 4200, whatever port it came from.
            "PREFECT_UI_API_URL": api_url(ports),
            "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        },
        ports={"prefect": ports["prefect"]},
    )


def answers(url: str) -> bool:
    """Whether the server at `url` is healthy."""
    try:
        with _client(url, patience=10.0) as client:
            return client.get("health").json() is True
    except (httpx.HTTPError, ValueError):
        return False


def variable(url: str, name: str) -> JsonValue:
    """The value of a Prefect variable, or None where there is none."""
    with _client(url) as client, _refusals_named(url):
        answer = client.get(f"variables/name/{name}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        value: JsonValue = answer.raise_for_status().json()["value"]
        return value


def has_pool(url: str, name: str) -> bool:
    """Whether the server knows a work pool."""
    with _client(url) as client, _refusals_named(url):
        answer = client.get(f"work_pools/{name}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        answer.raise_for_status()
        return True


def online_workers(url: str, pool: str) -> dict[str, str]:
    """The workers of a pool that the server calls online, each with the time of its last heartbeat.

    The server takes a minute and more to notice that a worker is gone.
    """
    with _client(url) as client, _refusals_named(url):
        answer = client.post(f"work_pools/{pool}/workers/filter", json={})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return {}
        workers = answer.raise_for_status().json()
    return {one["name"]: one["last_heartbeat_time"] for one in workers if one["status"] == "ONLINE"}


@contextmanager
def _refusals_named(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise StackError(
            f"the Prefect server at {url} answered {error.response.status_code} to {error.request.url.path}; "
            "where it wants a login, set PREFECT_API_AUTH_STRING or PREFECT_API_KEY"
        ) from error
    except httpx.HTTPError as error:
        raise StackError(f"the Prefect server at {url} does not answer: {error!r}") from error


def _client(url: str, patience: float = 30.0) -> httpx.Client:
    user, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    key = os.environ.get("PREFECT_API_KEY")
    return httpx.Client(
        base_url=url,
        timeout=patience,
        auth=httpx.BasicAuth(user, password) if user else None,
        headers={"Authorization": f"Bearer {key}"} if key and not user else None,
        trust_env=LOOPBACK not in url,
    )
