"""`finloom worker POOL`: this machine runs the deployments of a work pool, until Ctrl-C."""

import os
from typing import Annotated

import typer

from blocks.home import CHECKOUT, Stack
from blocks.s3 import read_settings
from finloom.output import WrongUse, fail
from infra import machine, prefect_server
from infra import worker as workers
from infra.environment import environment
from infra.stack import ensure_up


def worker(
    pool: Annotated[str, typer.Argument(help="cpu-pool or gpu-pool.")],
    name: Annotated[str | None, typer.Option(help="Its name; else the pool and this machine's.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Runs at a time; else one a GPU in gpu-pool, at least one.")
    ] = None,
) -> None:
    """Say what this machine has and run the flows of a work pool here, in the foreground.

    On another machine than the stack's, set PREFECT_API_URL and the MINIO_ variables first. CUDA_VISIBLE_DEVICES
    chooses GPUs: two workers of different names can share a machine.
    """
    if pool not in workers.POOLS:
        raise WrongUse(f"there is no work pool {pool!r}; there are {', '.join(workers.POOLS)}")
    stack = find_stack()
    if not prefect_server.has_pool(stack.prefect_api_url, pool):
        fail(
            f"the Prefect server at {stack.prefect_api_url} has no {pool}; run `finloom up` where the stack is"
        )
    chosen = name or default_name(pool)
    for line in machine.lines():
        typer.echo(line)
    if pool == "gpu-pool":
        limit = limit or max(1, len(machine.gpus()))
    runs = f"runs at a time: {limit or 'any number'}"
    typer.echo(f"worker {chosen} of {pool}, {runs}, at {stack.prefect_api_url}; Ctrl-C ends it")
    command = workers.command(pool, chosen, limit)
    os.chdir(CHECKOUT)
    # The worker takes our place, so that signals and exit codes are its own.
    os.execve(command[0], command, os.environ | environment(stack))


def default_name(pool: str) -> str:
    """`gpu-HOST`; the worker of `finloom up` has the plain name of cpu-pool, so others add their process number."""
    return workers.worker_name(pool) + (f"-{os.getpid()}" if pool == workers.POOL else "")


def find_stack() -> Stack:
    """The stack that the environment names whole, with nothing started here; else this machine's, started when down."""
    url = prefect_server.external_url()
    if url and os.environ.get("MINIO_ENDPOINT"):
        settings = read_settings()
        return Stack(
            s3_endpoint=settings.endpoint, s3_embedded=False, prefect_api_url=url, prefect_embedded=False
        )
    return ensure_up()
