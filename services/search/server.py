"""Run the search service: the composition root, from a name and a port to a server that listens."""

import gc
import logging
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import uvicorn

from blocks.store import ArtifactStore
from services.search.api_keys import ApiKey
from services.search.app import make_app
from services.search.config import ServiceConfig
from services.search.source import PublishedIndex

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SHUTDOWN_SECONDS = 10


class OpenToAll(ValueError):
    """A server without API keys would be reached by other machines."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the server listens, who may ask, and where its request log goes (None for standard output)."""

    host: str
    port: int
    keys: tuple[ApiKey, ...]
    log: Path | None

    def require_closed(self) -> None:
        """Raise `OpenToAll` unless there are keys or only this machine can ask."""
        if not self.keys and self.host not in LOOPBACK:
            raise OpenToAll(
                f"the server would listen on {self.host} without API keys; give it a file of keys, or let it listen on "
                f"{LOOPBACK[0]}"
            )


def serve(store: ArtifactStore, config: ServiceConfig, listening: Listening) -> None:
    """Serve the published index `config.name` until the process is told to end.

    Raises:
        OpenToAll: there are no keys and the address is not the loopback's.
        OSError: the log cannot be written.
    """
    listening.require_closed()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with ExitStack() as stack:
        log: BinaryIO = sys.stdout.buffer
        if listening.log is not None:
            log = stack.enter_context(listening.log.open("ab"))
        # A full collection would stop every request to look at all that was loaded: 200,000 objects, 0.1 to 0.2 s.
        app = make_app(PublishedIndex(store, config.name), config, listening.keys, log, on_ready=gc.freeze)
        uvicorn.run(
            app,
            host=listening.host,
            port=listening.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
