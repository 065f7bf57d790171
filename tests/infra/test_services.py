"""A server brought up: healthy only by itself, moved when it lost its port, reported when it ended."""

import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from infra import ports, processes
from infra.processes import Program
from infra.services import Died, Service, bring_up, is_healthy

LISTEN = (
    "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(600)"
)
SLEEP = "import time; time.sleep(600)"
FAIL = "import sys; sys.exit('no such luck')"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home of this test's own, in which nothing is left running."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path))
    yield
    processes.stop("server")


def service(script: str, strangers: list[socket.socket] | None = None) -> Service:
    """A server that runs `script` on its port; given a list, a stranger takes its first port."""

    def program(chosen: Mapping[str, int]) -> Program:
        if strangers == []:
            strangers.append(socket.create_server((ports.LOOPBACK, chosen["door"])))
        command = [sys.executable, "-c", script, str(chosen["door"])]
        return Program(name="server", command=command, environment={}, ports=dict(chosen))

    return Service(
        title="test server",
        name="server",
        program=program,
        answers=lambda ports: True,
        default_ports=lambda: {"door": 23000},
        door="door",
        patience=30.0,
    )


def test_a_started_server_is_returned_when_it_listens_and_kept_the_next_time() -> None:
    running = bring_up(service(LISTEN), {"door": 23000}, ())
    assert is_healthy(service(LISTEN), running)
    assert bring_up(service(LISTEN), {"door": 23500}, ()) == running


def test_a_server_that_lost_its_port_to_a_stranger_starts_on_another() -> None:
    strangers: list[socket.socket] = []
    running = bring_up(service(LISTEN, strangers), {"door": 23000}, ())
    assert running.ports["door"] > strangers[0].getsockname()[1]
    strangers[0].close()


def test_a_stranger_that_answers_on_the_port_is_not_taken_for_the_server() -> None:
    port = ports.next_free(23000)
    running = processes.start(service(SLEEP).program({"door": port}))
    with socket.create_server((ports.LOOPBACK, port)):
        assert not is_healthy(service(SLEEP), running)


def test_a_server_that_ends_by_itself_is_reported_with_its_last_words() -> None:
    with pytest.raises(Died, match=r"(?s)test server ended while starting.*no such luck"):
        bring_up(service(FAIL), {"door": 23000}, ())
