"""The worker that runs the deployments of `cpu-pool` on this machine."""

import socket
import sys

from blocks.home import Stack
from infra.environment import environment
from infra.processes import Program

NAME = "worker"
POOL = "cpu-pool"
PATIENCE = 120.0


def worker_name() -> str:
    """The name by which the server knows this machine's worker."""
    return f"cpu-{socket.gethostname()}"


def program(stack: Stack) -> Program:
    """How to run the worker against a stack."""
    return Program(
        name=NAME,
        command=[
            *(sys.executable, "-m", "prefect", "--no-prompt", "worker", "start"),
            *("--pool", POOL, "--type", "process", "--name", worker_name(), "--install-policy", "never"),
        ],
        environment=environment(stack),
    )
