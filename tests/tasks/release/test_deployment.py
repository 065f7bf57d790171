"""A server that is kept running: watched over HTTP, started again when it dies, ended when its caller is cancelled."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tasks.release.config import ServingConfig
from tasks.release.deployment import Health, ServerLost, health_page, keep_serving
from tasks.release.endpoint import Endpoint, is_healthy, take_port
from tests.fakes.openai_server import Behaviour, openai_server

SERVING = ServingConfig(restarts=2, check_seconds=1, ready_minutes=0.2)


class Cancelled(BaseException):
    """As Prefect's signal when a run is cancelled."""


@dataclass
class Machine:
    """Starts real HTTP servers as programs, and is the clock between two checks."""

    endpoint: Endpoint = field(default_factory=lambda: Endpoint(take_port(), "m", "k" * 20))
    behaviour: Behaviour = field(default_factory=Behaviour)
    script: list[str] = field(default_factory=list)
    seen: list[Health] = field(default_factory=list)
    starts: int = 0
    lives: bool = False

    @contextmanager
    def start(self) -> "Iterator[Machine]":
        self.starts += 1
        self.lives = True
        if self.starts > 1:
            self.behaviour.healthy_after = 0
        with openai_server(self.behaviour, self.endpoint.port):
            yield self
        self.lives = False

    def alive(self) -> bool:
        return self.lives

    def failure(self, what: str) -> Exception:
        return RuntimeError(f"server {what}; end of its log")

    def pause(self, seconds: float) -> None:
        assert seconds == SERVING.check_seconds
        event = self.script.pop(0)
        if event == "dies":
            self.lives = False
        elif event == "falls silent":
            self.behaviour.healthy_after = 10**6
        elif event == "recovers":
            self.behaviour.healthy_after = 0
        elif event == "cancelled":
            raise Cancelled

    def serve(self, *script: str) -> list[str]:
        self.script = list(script)
        try:
            keep_serving(self.start, self.endpoint, SERVING, self.seen.append, self.pause)
        finally:
            self.states = [health.state for health in self.seen]
        return self.states


def test_cancelling_ends_the_server() -> None:
    machine = Machine()
    with pytest.raises(Cancelled):
        machine.serve("nothing", "cancelled")
    assert machine.states == ["starting", "ready", "ready", "stopped"]
    assert not is_healthy(machine.endpoint)


def test_a_crashed_server_is_started_again() -> None:
    machine = Machine()
    with pytest.raises(Cancelled):
        machine.serve("dies", "nothing", "cancelled")
    assert machine.states == ["starting", "ready", "ready", "restarting", "ready", "ready", "stopped"]
    assert machine.seen[-1].restarts == 1
    assert machine.seen[-1].problem == ""


def test_a_server_that_keeps_crashing_is_given_up() -> None:
    machine = Machine()
    with pytest.raises(
        ServerLost, match=r"was started 3 times and did not stay up.*server ended; end of its log"
    ):
        machine.serve("dies", "dies", "dies")
    assert machine.starts == 3
    assert machine.states[-1] == "lost"


def test_a_server_that_falls_silent_for_a_moment_is_left_alone() -> None:
    machine = Machine()
    with pytest.raises(Cancelled):
        machine.serve("falls silent", "nothing", "nothing", "recovers", "cancelled")
    assert machine.states == ["starting", "ready", *["unhealthy"] * 3, "ready", "stopped"]
    assert machine.starts == 1


def test_a_server_that_stays_silent_is_started_again() -> None:
    machine = Machine()
    with pytest.raises(Cancelled):
        machine.serve("falls silent", *["nothing"] * 3, "cancelled")
    assert machine.states == ["starting", "ready", *["unhealthy"] * 4, "restarting", "ready", "stopped"]
    assert "failed 4 health checks in a row" in machine.seen[-3].problem


def test_a_server_that_is_never_ready_is_given_up_with_the_reason() -> None:
    machine = Machine(behaviour=Behaviour(asks_for_key=False))
    with pytest.raises(
        ServerLost, match="is not ready: the server of m answered 200 to a chat without a key"
    ):
        machine.serve()


def test_the_page_says_where_it_is_and_never_the_key() -> None:
    endpoint = Endpoint(8800, "finloom", "geheim" * 4)
    health = Health("unhealthy", 7, 1, "server ended", "2026-11-21T00:00:00+00:00")
    page = health_page(health, endpoint, {"引擎": "llama"})
    for part in ("无响应", "http://127.0.0.1:8800/v1", "引擎 | llama", "7 次", "1 次", "server ended"):
        assert part in page
    assert "geheim" not in page
