"""Where a GPU flow runs: on a worker of `gpu-pool` where one is online, here where it needs no GPU.

A flow that may be called by `on_gpu_pool` ends with `return hand_back(ref)`: that leaves its result in the store, as
plain JSON under `flow-runs/<id>.json`, where the flow that started it finds it. Prefect's own flow results are not
used: they would need a serializer that imports classes.
"""

import time
from contextlib import suppress
from http import HTTPStatus
from typing import Literal, cast

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, WorkerStatus
from prefect.context import FlowRunContext
from prefect.deployments import run_deployment
from prefect.exceptions import PrefectHTTPStatusError
from prefect.flows import Flow
from prefect.logging import get_logger
from prefect.settings import PREFECT_UI_URL
from prefect.states import Cancelling
from pydantic_core import to_jsonable_python

from blocks.prefect_blocks import load_store
from blocks.store import MissingObject
from datasets_registry.artifact import ArtifactRef

POOL = "gpu-pool"
START_WORKER = f"finloom worker {POOL}"
POLL_SECONDS = 3.0
LOST_SECONDS = 180.0
"""How long a run may wait for a worker that shows as online: a killed one does so for up to 100 s."""
UNHEARD_SECONDS = 600.0

logger = get_logger("finloom.routing")


class NoGpuWorker(RuntimeError):
    """A flow needs a GPU and no worker of the GPU pool is online."""


class ChildFailed(RuntimeError):
    """A flow that was handed to the GPU pool did not end well."""


def on_gpu_pool(
    flow: "Flow[..., ArtifactRef]", /, device: Literal["cpu", "cuda"], **parameters: object
) -> ArtifactRef:
    """Run a flow on the GPU pool where a worker is online, else here if it is to run on the CPU.

    Args:
        flow: a flow that ends with `hand_back`, deployed under its own name.
        device: what the flow's configs ask for.
        parameters: the flow's parameters.

    Raises:
        NoGpuWorker: the flow needs a GPU and no worker is online, or the worker was lost before the flow started.
        ChildFailed: the flow failed on the pool, or was cancelled there.
    """
    with get_client(sync_client=True) as client:
        if online_workers(client):
            return _on_pool(client, flow, parameters)
    if device == "cpu":
        return flow(**parameters)
    raise NoGpuWorker(
        f"{flow.name} needs a GPU and no worker of {POOL} is online: "
        f"run `{START_WORKER}` on the GPU machine, or `--profile cpu-tiny` for a small run here"
    )


def hand_back(ref: ArtifactRef) -> ArtifactRef:
    """Leave a flow's result for the flow that started it on a pool; returns it, to be the flow's own result."""
    context = FlowRunContext.get()
    if context and context.flow_run:
        load_store().put(result_key(str(context.flow_run.id)), ref.to_bytes())
    return ref


def result_key(flow_run: str) -> str:
    """The key of a flow run's result."""
    return f"flow-runs/{flow_run}.json"


def online_workers(client: SyncPrefectClient, pool: str = POOL) -> list[str]:
    """The names of the workers of a pool that report to the server; one that was killed does for up to 100 s more."""
    try:
        workers = client.read_workers_for_work_pool(pool)
    except PrefectHTTPStatusError as error:
        if error.response.status_code == HTTPStatus.NOT_FOUND:
            return []
        raise
    return [worker.name for worker in workers if worker.status == WorkerStatus.ONLINE]


def _on_pool(
    client: SyncPrefectClient, flow: "Flow[..., ArtifactRef]", parameters: dict[str, object]
) -> ArtifactRef:
    plain = to_jsonable_python(parameters)
    name = f"{flow.name}/{flow.name}"
    run = cast(FlowRun, run_deployment(name, parameters=plain, timeout=0))
    logger.info("%s runs on %s as %s", flow.name, POOL, run.name)
    try:
        run = _wait(client, run)
    except BaseException:
        # We were cancelled, timed out, or gave the run up: it must not go on alone.
        with suppress(Exception):
            client.set_flow_run_state(run.id, Cancelling(message="The flow that started it has ended."))
        raise
    return _result(run)


def _wait(client: SyncPrefectClient, run: FlowRun) -> FlowRun:
    """Wait for the end of a run; raises `NoGpuWorker` where nobody starts it."""
    waited_since = heard = time.monotonic()
    while not (run.state and run.state.is_final()):
        time.sleep(POLL_SECONDS)
        try:
            run = client.read_flow_run(run.id)
        except httpx.TransportError as error:
            # The server may be starting again; a training run is worth more than one unanswered question.
            if time.monotonic() - heard > UNHEARD_SECONDS:
                raise
            logger.warning("the Prefect server does not answer: %r; asking again", error)
            continue
        heard = time.monotonic()
        if run.start_time or time.monotonic() - waited_since < LOST_SECONDS:
            continue
        if not online_workers(client):
            raise NoGpuWorker(
                f"flow run {run.name} waits for {POOL} and its worker is gone: "
                f"run `{START_WORKER}` on the GPU machine and retry"
            )
        waited_since = time.monotonic()
        logger.info("%s still waits for its turn on %s", run.name, POOL)
    return run


def _result(run: FlowRun) -> ArtifactRef:
    address = f"{PREFECT_UI_URL.value()}/runs/flow-run/{run.id}"
    if not (run.state and run.state.is_completed()):
        ended = f"{run.state.name}: {run.state.message}" if run.state else "in no state"
        raise ChildFailed(
            f"flow run {run.name} ended on {POOL} as {ended} (see {address}); "
            "retry this run, finished steps are cached and training goes on from its newest checkpoint"
        )
    try:
        return ArtifactRef.from_bytes(load_store().get(result_key(str(run.id)))[0])
    except MissingObject as error:
        raise ChildFailed(
            f"flow run {run.name} completed without a result (see {address}): "
            "its flow must end with `return hand_back(ref)`, and its worker must use this store"
        ) from error
