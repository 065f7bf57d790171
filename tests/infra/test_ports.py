"""Ports: a taken one is seen and stepped over, names never share one."""

import socket
import threading
from collections.abc import Iterator

import pytest

from infra.ports import LOOPBACK, NoFreePort, choose, is_free, next_free, settle


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken: int) -> None:
    assert not is_free(taken)


def test_a_port_that_is_taken_on_all_addresses_is_not_free() -> None:
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        assert not is_free(server.getsockname()[1])


def test_a_port_whose_server_just_hung_up_on_its_client_is_free() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, 0))
        server.listen()
        port = server.getsockname()[1]
        client = socket.create_connection((LOOPBACK, port))
        accepted, _ = server.accept()
        accepted.close()  # the server's side closes first and lingers
        client.close()
    assert is_free(port)


def test_a_taken_port_moves_to_the_next_free_one(taken: int) -> None:
    assert next_free(taken) > taken


def test_names_that_want_one_port_get_different_ones(taken: int) -> None:
    chosen = choose({"a": taken, "b": taken, "c": taken})
    assert len({*chosen.values(), taken}) == 4


def test_ports_that_are_spoken_for_are_left_alone() -> None:
    free = next_free(20000)
    assert choose({"a": free}, {free})["a"] > free


def test_settling_waits_for_a_port_that_is_about_to_be_let_go() -> None:
    server = socket.create_server((LOOPBACK, 0))
    port = server.getsockname()[1]
    threading.Timer(0.3, server.close).start()
    settle([port])
    assert is_free(port)


def test_settling_does_not_wait_for_ever(taken: int) -> None:
    settle([taken], patience=0.1)
    assert not is_free(taken)


def test_running_out_of_ports_says_what_to_do() -> None:
    with pytest.raises(NoFreePort, match="name a lower one"):
        next_free(65535, {65535})
