"""Start a server of either engine and hand it over when it is ready."""

import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.release.config import Engine, ServingConfig
from tasks.release.endpoint import Endpoint, NotReady, take_port, wait_until_ready
from tasks.release.llama_server import llama_program
from tasks.release.vllm_server import vllm_program
from tasks.runtime.programs import Program, start_program

NAME = "finloom"
"""The name of the model at every endpoint."""
ILLEGAL_INSTRUCTION = 128 + signal.SIGILL


def server_program(engine: Engine, path: Path, endpoint: Endpoint, serving: ServingConfig) -> Program:
    """The command of a server over a GGUF file (llama) or a model folder (vllm)."""
    build = llama_program if engine == "llama" else vllm_program
    return build(path, endpoint, serving)


@contextmanager
def served(engine: Engine, path: Path, serving: ServingConfig, folder: Path) -> Iterator[Endpoint]:
    """A server that is ready, on any free port, with a key of its own; it ends with the block, its log stays.

    Raises:
        ProgramFailed: it ended, or was not ready in time; with the end of its log.
    """
    endpoint = Endpoint(take_port(), NAME, secrets.token_urlsafe(24))
    program = server_program(engine, path, endpoint, serving)
    with start_program(program, folder, folder / f"{engine}-{path.name}.log") as running:
        try:
            wait_until_ready(endpoint, running.alive, serving.ready_minutes * 60)
        except NotReady as problem:
            running.stop()
            raise running.failure(f"is not ready: {problem}{_hint(running.code)}") from problem
        yield endpoint


def _hint(code: int | None) -> str:
    """What an exit code says about a server that its log does not."""
    if code != ILLEGAL_INSTRUCTION:
        return ""
    return "; this build of it needs instructions that this CPU lacks (AVX2; beside a GPU AVX-512)"


def read_or_make_key(path: Path) -> str:
    """The key in a file that only its owner can read, made on first use."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_urlsafe(32))
        partial.replace(path)
    return path.read_text().strip()
