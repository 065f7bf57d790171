"""Live progress of a long step: a bar in the Prefect UI and a line in the log now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.logging import get_run_logger

SECONDS_BETWEEN_UPDATES = 3.0


@contextmanager
def progress_in_ui(key: str, unit: str = "shards") -> Iterator[Callable[[int, int], None]]:
    """Yields a function of (done, total) that moves the bar `key`, at most once every three seconds.

    `unit` is what is counted, as the log says it.
    """
    logger = get_run_logger()
    artifact = create_progress_artifact(progress=0.0, key=key)
    assert isinstance(artifact, UUID), "called from synchronous code, Prefect answers at once"
    started = last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        moment = time.monotonic()
        if done < total and moment - last < SECONDS_BETWEEN_UPDATES:
            return
        last = moment
        remaining = (moment - started) / done * (total - done)
        update_progress_artifact(artifact, progress=100.0 * done / total)
        logger.info("%s: %d of %d %s, about %.0f s remain", key, done, total, unit, remaining)

    yield report
