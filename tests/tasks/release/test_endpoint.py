"""When a server counts as ready, against real HTTP servers that behave well and badly."""

import socket

import pytest

from tasks.release.endpoint import Endpoint, NotReady, PortTaken, take_port, wait_until_ready
from tests.fakes.openai_server import Behaviour, openai_server


def wait(behaviour: Behaviour, *, alive: bool = True, seconds: float = 20) -> str:
    with openai_server(behaviour) as port:
        return wait_until_ready(Endpoint(port, "m", "k" * 20), lambda: alive, seconds).text


def test_a_server_that_answers_with_the_key_and_refuses_without_is_ready() -> None:
    behaviour = Behaviour(healthy_after=2)
    assert wait(behaviour) == "2"
    assert behaviour.seen.count("/health") == 3


@pytest.mark.parametrize(
    ("behaviour", "problem"),
    [
        (Behaviour(asks_for_key=False), "answered 200 to a chat without a key, wanted 401"),
        (Behaviour(key="another" * 3), "answered 401 to a chat"),
        (Behaviour(prompt_tokens=3), "read 3 tokens and wrote 3; wanted a rendered conversation"),
        (Behaviour(status=500), "answered 500 to a chat"),
    ],
)
def test_a_server_that_behaves_badly_is_not(behaviour: Behaviour, problem: str) -> None:
    with pytest.raises(NotReady, match=problem):
        wait(behaviour)


def test_a_server_that_ended_is_not_waited_for() -> None:
    with pytest.raises(NotReady, match="ended before it was ready"):
        wait(Behaviour(healthy_after=10**6), alive=False)


def test_a_server_that_takes_too_long_has_failed() -> None:
    with pytest.raises(NotReady, match="was not ready after 0 s; raise ready_minutes"):
        wait(Behaviour(healthy_after=10**6), seconds=0)


def test_somebody_elses_server_on_the_port_is_not_ours() -> None:
    with pytest.raises(NotReady, match="another program answers"):
        wait(Behaviour(), alive=False)


def test_a_taken_port_is_said_in_one_sentence() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} of 127.0.0.1 is in use by another program"):
            take_port(port)
    assert take_port(port) == port
    assert take_port() > 0


def test_the_key_of_an_endpoint_is_not_shown() -> None:
    assert "geheim" not in repr(Endpoint(1, "m", "geheim"))
