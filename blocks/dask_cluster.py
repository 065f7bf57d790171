"""The Dask cluster of this process: the user's scheduler, or local worker processes made when first needed."""

import atexit
import functools
import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client


def worker_count() -> int:
    """How many local worker processes to use: `FINLOOM_WORKERS`, else one a core."""
    return int(os.environ.get("FINLOOM_WORKERS") or os.cpu_count() or 1)


@functools.cache
def dask_client() -> "Client":
    """A client of `DASK_SCHEDULER_ADDRESS`, else of a local cluster on loopback that ends with this process.

    Made once a process; a local cluster takes about 4 s to start.
    """
    from distributed import Client, LocalCluster  # noqa: PLC0415 a second of imports that a cached run never needs

    logging.getLogger("distributed").setLevel(logging.WARNING)
    if address := os.environ.get("DASK_SCHEDULER_ADDRESS"):
        return Client(address)
    cluster = LocalCluster(
        n_workers=worker_count(),
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=logging.ERROR,
        memory_limit=os.environ.get("FINLOOM_WORKER_MEMORY", "2.5GiB"),
    )
    atexit.register(cluster.close, timeout=5)
    return Client(cluster)
