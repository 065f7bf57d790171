"""The workers that run deployments on this machine: that of `finloom up`, and those that `finloom worker` starts."""

import socket
import sys

from blocks.home import Stack
from infra.environment import environment
from infra.processes import Program

NAME = "worker"
POOL = "cpu-pool"
POOLS = (POOL, "gpu-pool")
PATIENCE = 120.0


def worker_name(pool: str = POOL) -> str:
    """The name by which the server knows this machine's worker of a pool."""
    return f"{pool.removesuffix('-pool')}-{socket.gethostname()}"


def command(pool: str, name: str, limit: int | None = None) -> list[str]:
    """The command of a worker that runs at most `limit` flows at a time (None: as many as come)."""
    return [
        *(sys.executable, "-m", "prefect", "--no-prompt", "worker", "start"),
        *("--pool", pool, "--type", "process", "--name", name, "--install-policy", "never"),
        *(("--limit", str(limit)) if limit else ()),
    ]


def program(stack: Stack) -> Program:
    """How to run the worker of `finloom up` against a stack."""
    return Program(name=NAME, command=command(POOL, worker_name()), environment=environment(stack))
