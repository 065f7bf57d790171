"""What runs of the stack, part by part, as seen from outside: processes, ports and answers."""

from typing import Literal

from pydantic import BaseModel

from infra import buckets, ports, prefect_server, processes, worker
from infra.processes import StackError
from infra.services import OBJECT_STORE, PREFECT_SERVER, Service, is_healthy
from infra.state import Bucket, StackState, read_state

Condition = Literal["running", "silent", "dead", "stopped", "foreign", "external", "unreachable"]
"""silent: alive, no answer; dead: ended by itself; stopped: by `down`, or never started; foreign: another
program has the port; external: the user's own server, and it answers; unreachable: it does not."""

GOOD = ("running", "external")


class Part(BaseModel):
    """One part of the stack."""

    name: str
    condition: Condition
    address: str = ""
    pid: int | None = None
    port: int | None = None
    memory_bytes: int | None = None
    log: str = ""


class StackStatus(BaseModel):
    """The whole stack."""

    parts: list[Part]
    bucket: Bucket | None

    @property
    def is_good(self) -> bool:
        """Whether every part does its work."""
        return all(part.condition in GOOD for part in self.parts)


def look() -> StackStatus:
    """The stack of this home as it is now."""
    state = read_state()
    return StackStatus(
        parts=[_object_store(state), _prefect(state), _worker(state)],
        bucket=state.bucket if state else None,
    )


def _object_store(state: StackState | None) -> Part:
    if state is None or state.s3_embedded:
        return _service(OBJECT_STORE, state, state.s3_endpoint if state else "")
    return Part(
        name=OBJECT_STORE.title,
        condition="external" if buckets.responds(state.s3_endpoint) else "unreachable",
        address=state.s3_endpoint,
    )


def _prefect(state: StackState | None) -> Part:
    url = state.prefect_api_url if state else ""
    if state is None or state.prefect_embedded:
        return _service(PREFECT_SERVER, state, url.removesuffix("/api"))
    condition: Condition = "external" if prefect_server.answers(url) else "unreachable"
    return Part(name=PREFECT_SERVER.title, condition=condition, address=url)


def _worker(state: StackState | None) -> Part:
    running = processes.find(worker.NAME)
    name = f"worker {worker.worker_name()}"
    if running is None:
        return Part(name=name, condition=_absent(worker.NAME), log=str(processes.log_path(worker.NAME)))
    return Part(
        name=name,
        condition="running" if state and _is_online(state.prefect_api_url) else "silent",
        address=worker.POOL,
        pid=running.pid,
        memory_bytes=processes.memory(running.pid),
        log=str(processes.log_path(worker.NAME)),
    )


def _is_online(url: str) -> bool:
    try:
        return worker.worker_name() in prefect_server.online_workers(url, worker.POOL)
    except StackError:
        return False


def _service(service: Service, state: StackState | None, address: str) -> Part:
    log = str(processes.log_path(service.name))
    running = processes.find(service.name)
    if running:
        return Part(
            name=service.title,
            condition="running" if is_healthy(service, running) else "silent",
            address=address,
            pid=running.pid,
            port=running.ports[service.door],
            memory_bytes=processes.memory(running.pid),
            log=log,
        )
    port = (state.ports if state else {}).get(service.door, service.default_ports()[service.door])
    condition = _absent(service.name) if ports.is_free(port) else "foreign"
    return Part(name=service.title, condition=condition, port=port, log=log)


def _absent(name: str) -> Condition:
    return "dead" if processes.read_pid(name) else "stopped"
