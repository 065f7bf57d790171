"""The embedded stack as one thing: up repairs what is dead and leaves the rest alone; down ends all of it."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from blocks.home import CHECKOUT
from blocks.s3 import S3Settings, read_settings
from infra import buckets, prefect_server, processes, seaweed, worker
from infra.environment import environment, no_proxy
from infra.fingerprint import VARIABLE, fingerprint
from infra.processes import StackError
from infra.services import OBJECT_STORE, POLL_SECONDS, PREFECT_SERVER, Service, bring_up, choose_ports
from infra.state import Bucket, Report, StackState, exclusive, read_state, write_state

PROVISION_SECONDS = 900


def ensure_up(
    prefect_port: int | None = None, s3_port: int | None = None, report: Report = lambda line: None
) -> StackState:
    """Bring the whole stack up; quick where it is up.

    Args:
        prefect_port: port to try for the embedded server, else `FINLOOM_PREFECT_PORT`, the last one, 4200.
        s3_port: port to try for the embedded object store, else `FINLOOM_S3_PORT`, the last one, 9000.
        report: takes one line per part.

    Raises:
        StackError: a part could not be brought up.
    """
    os.environ.update(no_proxy())
    with exclusive(report):
        state, settings = _servers(_asked_ports({"prefect": prefect_port, "s3": s3_port}), report)
        state.bucket = _bucket(state, settings, report)
        write_state(state)
        _provision(state, settings, report)
        _worker(state, report)
    return state


def take_down(report: Report = lambda line: None) -> list[str]:
    """End every process of the stack, leaving data, ports and secrets for the next `up`; returns what ran."""
    with exclusive(report):
        # The worker first: the runs that it ends still tell the server so.
        stopped = [worker.NAME] if processes.stop(worker.NAME) else []
        servers = (PREFECT_SERVER.name, OBJECT_STORE.name)
        with ThreadPoolExecutor(len(servers)) as pool:
            ended = pool.map(processes.stop, servers)
        stopped += [name for name, ran in zip(servers, ended, strict=True) if ran]
        for name in stopped:
            report(f"{name}: stopped")
        state = read_state()
        if state and OBJECT_STORE.name in stopped:
            # Only after our own store: another one may be using the same port numbers by now.
            seaweed.remove_sockets(state.ports)
    return stopped


def _servers(asked: Mapping[str, int], report: Report) -> tuple[StackState, S3Settings]:
    """The object store and the Prefect server, started side by side where they are ours to start."""
    previous = read_state()
    external_s3, external_prefect = os.environ.get("MINIO_ENDPOINT"), prefect_server.external_url()
    mine = [*([] if external_s3 else [OBJECT_STORE]), *([] if external_prefect else [PREFECT_SERVER])]
    for service in (OBJECT_STORE, PREFECT_SERVER):
        if service not in mine and processes.stop(service.name):
            report(f"{service.title}: the embedded one is not needed any more, stopped; its data stays")
    known = _start(mine, _wanted_ports(previous, asked), report)

    settings = read_settings() if external_s3 else seaweed.settings(known)
    url = external_prefect or prefect_server.api_url(known)
    if external_prefect and not prefect_server.answers(external_prefect):
        raise StackError(
            f"the Prefect server at PREFECT_API_URL={external_prefect} does not answer; "
            "start it, or unset PREFECT_API_URL to use the embedded one"
        )
    state = StackState(
        s3_endpoint=settings.endpoint,
        s3_embedded=not external_s3,
        prefect_api_url=url,
        prefect_embedded=not external_prefect,
        ports=known,
        asked={**(previous.asked if previous else {}), **asked},
        bucket=previous.bucket if previous else None,
    )
    report(f"object store: {settings.endpoint}")
    report(f"Prefect: {url.removesuffix('/api')}")
    return state, settings


def _wanted_ports(previous: StackState | None, asked: Mapping[str, int]) -> dict[str, int]:
    """The ports to try first: a newly asked one, else the one used last time, else the default."""
    used, answered = (previous.ports, previous.asked) if previous else ({}, {})
    # A wish that was not granted last time is not tried again: clients know the port taken in its place.
    new = {name: port for name, port in asked.items() if answered.get(name) != port}
    return {**seaweed.default_ports(), **prefect_server.default_ports(), **used, **new}


def _asked_ports(flags: Mapping[str, int | None]) -> dict[str, int]:
    """The ports that flags ask for, or else variables."""
    asked = {}
    for name, flag in flags.items():
        variable = f"FINLOOM_{name.upper()}_PORT"
        value = os.environ.get(variable, "")
        if flag is not None:
            asked[name] = flag
        elif value:
            asked[name] = _port_number(variable, value)
    return asked


def _port_number(variable: str, value: str) -> int:
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise StackError(f"{variable} is {value!r}, wanted a port number from 1 to 65535")
    return int(value)


def _start(services: list[Service], wanted: dict[str, int], report: Report) -> dict[str, int]:
    """Every service up, side by side; returns all known ports."""
    chosen: dict[str, int] = {}
    known = dict(wanted)
    for service in services:
        if running := processes.find(service.name):
            known |= running.ports
        else:
            known |= choose_ports(service, wanted, chosen.values())
            report(f"{service.title}: starting on port {known[service.door]}")
        chosen |= {name: known[name] for name in service.default_ports()}
    with ThreadPoolExecutor(len(services) or 1) as pool:
        starts = []
        for service in services:
            others = {port for name, port in chosen.items() if name not in service.default_ports()}
            starts.append(pool.submit(bring_up, service, known, others))
        for start in starts:
            known |= start.result().ports
    return known


def _bucket(state: StackState, settings: S3Settings, report: Report) -> Bucket:
    """The bucket made and probed, where that was not done before."""
    address = f"{settings.endpoint}/{settings.bucket}"
    present = buckets.exists(settings)
    if present and state.bucket and state.bucket.address == address:
        return state.bucket
    warnings = buckets.prepare(settings)
    honoured = buckets.honours_conditions(settings)
    if not honoured:
        warnings.append(
            "the object store ignores conditional writes: artifacts are safe, "
            "but two people who promote a version at the same moment are not kept apart"
        )
    for warning in warnings:
        report(f"warning: {warning}")
    return Bucket(address=address, conditional_puts=honoured, warnings=tuple(warnings))


def _provision(state: StackState, settings: S3Settings, report: Report) -> None:
    """Pools, limits, automations, blocks and deployments on the server, where it does not have just these."""
    if prefect_server.variable(state.prefect_api_url, VARIABLE) == fingerprint(state, settings):
        return
    report("Prefect: work pools, blocks, automations, deployments")
    log = processes.log_path("provision")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        try:
            subprocess.run(
                [sys.executable, "-m", "infra.provision"],
                env={**os.environ, **environment(state)},
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=PROVISION_SECONDS,
                check=True,
            )
        except subprocess.SubprocessError as error:
            tail = processes.log_tail("provision")
            raise StackError(f"provisioning the Prefect server failed; end of {log}:\n{tail}") from error


def _worker(state: StackState, report: Report) -> None:
    """A worker of this machine with the environment of this stack, known to the server."""
    program = worker.program(state)
    running = processes.find(worker.NAME)
    if running and running.fingerprint == program.fingerprint():
        return
    if running:
        report("worker: the stack's addresses or keys changed, stopping it")
        processes.stop(worker.NAME)
    report(f"worker {worker.worker_name()} of {worker.POOL}: starting")
    url, log = state.prefect_api_url, processes.log_path(worker.NAME)
    name, before = worker.worker_name(), prefect_server.online_workers(state.prefect_api_url, worker.POOL)
    running = processes.start(program)
    deadline = time.monotonic() + worker.PATIENCE
    while prefect_server.online_workers(url, worker.POOL).get(name) in (None, before.get(name)):
        if not processes.is_alive(running):
            tail = processes.log_tail(worker.NAME)
            raise StackError(f"the worker ended while starting; end of {log}:\n{tail}")
        if time.monotonic() > deadline:
            raise StackError(f"the worker does not report to {url} after {worker.PATIENCE:.0f} s; see {log}")
        time.sleep(POLL_SECONDS)
