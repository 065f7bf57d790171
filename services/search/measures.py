"""What the service counts about itself, as Prometheus reads it from `/metrics`."""

from datetime import UTC, datetime
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from services.search.shelf import Shelf

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Measures:
    """The figures of one server; names begin with `finloom_search_`."""

    def __init__(self, shelf: Shelf) -> None:
        """The age of the index is that of the shelf's version in front, when it is asked for."""
        self._registry = CollectorRegistry()
        requests = Counter(
            "finloom_search_requests", "Requests answered.", ["path", "status"], registry=self._registry
        )
        seconds = Histogram(
            "finloom_search_request_seconds",
            "Seconds from request to answer.",
            ["path"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self.batch_queries = Histogram(
            "finloom_search_batch_queries",
            "Queries searched at a time.",
            buckets=SIZES,
            registry=self._registry,
        )
        self.waiting = Gauge(
            "finloom_search_waiting_queries", "Queries that wait to be searched.", registry=self._registry
        )
        self.swaps = Counter(
            "finloom_search_swaps", "Times that another version took over.", registry=self._registry
        )
        self.refusals = Counter(
            "finloom_search_refused_versions", "Times that a version was refused.", registry=self._registry
        )
        age = Gauge(
            "finloom_search_index_age_seconds",
            "Seconds since the index was first published; NaN where none is open.",
            registry=self._registry,
        )
        age.set_function(lambda: index_age(shelf))
        # prometheus_client checks and encodes labels anew on every call; there are few of them, and many requests
        self._requests = cache(lambda path, status: requests.labels(path, str(status)))
        self._seconds = cache(lambda path: seconds.labels(path))

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request; `path` and `status` are of a bounded number, since each pair is kept."""
        self._requests(path, status).inc()
        self._seconds(path).observe(seconds)

    def text(self) -> bytes:
        """All figures in the Prometheus text format."""
        return generate_latest(self._registry)


def index_age(shelf: Shelf) -> float:
    """Seconds since the version that answers was first published; NaN where none does."""
    version = shelf.current
    return (datetime.now(UTC) - version.published).total_seconds() if version else float("nan")
