"""Runs that must not overlap, however they were started: by a schedule, from the UI or from the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from blocks.lease import lease
from blocks.prefect_blocks import load_store

HOURS = 12


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Hold the lease `name` of this store for as long as the block runs; raises `AlreadyRunning`."""
    with lease(load_store(), name, HOURS):
        yield
