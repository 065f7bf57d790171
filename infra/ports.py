"""Which ports of this machine's loopback are free, and which the stack takes."""

import socket
import time
from collections.abc import Collection, Mapping

from infra.processes import StackError

LOOPBACK = "127.0.0.1"


class NoFreePort(StackError):
    """Every port from the wanted one upward is taken."""


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # Connections of a server that just died linger for a minute; servers bind over them, so must this.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def next_free(wanted: int, taken: Collection[int] = ()) -> int:
    """The first free port at or above `wanted` that is not in `taken`."""
    for port in range(wanted, 65536):
        if port not in taken and is_free(port):
            return port
    raise NoFreePort(f"no free port from {wanted} to 65535 on {LOOPBACK}; name a lower one")


def settle(ports: Collection[int], patience: float = 3.0) -> None:
    """Wait until the ports of a process that was killed are free; a large one holds them for a moment."""
    deadline = time.monotonic() + patience
    while not all(is_free(port) for port in ports) and time.monotonic() < deadline:
        time.sleep(0.05)


def choose(wanted: Mapping[str, int], taken: Collection[int] = ()) -> dict[str, int]:
    """A free port for every name, all different, each the wanted one or the next free above it."""
    chosen: dict[str, int] = {}
    for name, port in wanted.items():
        chosen[name] = next_free(port, {*taken, *chosen.values()})
    return chosen
