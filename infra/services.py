"""The two servers of the stack brought up on ports of their own, or left alone where they are up."""

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from infra import ports, prefect_server, processes, seaweed
from infra.processes import Program, Running, StackError

POLL_SECONDS = 0.2
ATTEMPTS = 3


class Died(StackError):
    """A program ended while it was starting."""


@dataclass(frozen=True)
class Service:
    """A server that the stack may have to start: its program, its health, its ports, seconds it may need."""

    title: str
    name: str
    program: Callable[[Mapping[str, int]], Program]
    answers: Callable[[Mapping[str, int]], bool]
    default_ports: Callable[[], Mapping[str, int]]
    door: str
    patience: float


OBJECT_STORE = Service(
    title="object store",
    name=seaweed.NAME,
    program=seaweed.program,
    answers=seaweed.answers,
    default_ports=seaweed.default_ports,
    door="s3",
    patience=seaweed.PATIENCE,
)

PREFECT_SERVER = Service(
    title="Prefect server",
    name=prefect_server.NAME,
    program=prefect_server.program,
    answers=lambda ports: prefect_server.answers(prefect_server.api_url(ports)),
    default_ports=prefect_server.default_ports,
    door="prefect",
    patience=prefect_server.PATIENCE,
)


def bring_up(
    service: Service, wanted: Mapping[str, int], taken: Collection[int], attempts: int = ATTEMPTS
) -> Running:
    """The service running and healthy: as it was, else started on free ports from the wanted ones upward.

    Raises:
        StackError: it ended while starting, or did not answer in time.
    """
    if running := processes.find(service.name):
        # One that was killed a moment ago may still look alive.
        with suppress(Died):
            _wait_for(service, running)
            return running
    chosen = choose_ports(service, wanted, taken)
    running = processes.start(service.program(chosen))
    try:
        _wait_for(service, running)
    except Died:
        # Somebody may have taken a port between our look and its start; then other ports will do.
        if attempts > 1 and not all(ports.is_free(port) for port in chosen.values()):
            return bring_up(service, wanted, taken, attempts - 1)
        raise
    return running


def choose_ports(service: Service, wanted: Mapping[str, int], taken: Collection[int]) -> dict[str, int]:
    """Free ports for a service that does not run, once what is left of it has let go of its own."""
    crashed = processes.read_pid(service.name)
    processes.stop(service.name)
    if crashed:
        ports.settle(crashed.ports.values())
    return ports.choose({name: wanted[name] for name in service.default_ports()}, taken)


def is_healthy(service: Service, running: Running) -> bool:
    """Whether the process itself, not a stranger on its port, answers."""
    return processes.listens(running.pid, running.ports[service.door]) and service.answers(running.ports)


def _wait_for(service: Service, running: Running) -> None:
    log = processes.log_path(service.name)
    deadline = time.monotonic() + service.patience
    while time.monotonic() < deadline:
        if is_healthy(service, running):
            return
        if not processes.is_alive(running):
            tail = processes.log_tail(service.name)
            raise Died(f"the {service.title} ended while starting; last lines of {log}:\n{tail}")
        time.sleep(POLL_SECONDS)
    raise StackError(
        f"the {service.title} (pid {running.pid}) runs but did not answer within {service.patience:.0f} s; "
        f"see {log}; `finloom down` and then `finloom up` start it anew"
    )
