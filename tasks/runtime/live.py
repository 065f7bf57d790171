"""What a running program shows in the Prefect UI: its lines in the log, a progress bar, a page of its metrics."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from uuid import UUID

import httpx
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate

from tasks.runtime.metrics import Metric, series
from tasks.runtime.progress import progress_in_ui

LINES_A_SECOND = 20
SECONDS_BETWEEN_PAGES = 10.0
CURVE_WIDTH = 60
BLOCKS = "▁▂▃▄▅▆▇█"

HEADLINES = (
    "loss",
    "eval_loss",
    "reward",
    "eval_reward",
    "kl",
    "response_length",
    "learning_rate",
    "grad_norm",
)
"""Metrics that come first on the page."""

CURVES = ("loss", "eval_loss", "reward")

Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]


class LineLog:
    """Passes lines on to a run's log, at most 20 a second; the others are counted, and the count is said."""

    def __init__(self, logger: Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        self._second = int(clock())
        self._seen = 0

    def __call__(self, line: str) -> None:
        """Log a line, or count it."""
        if int(self._clock()) != self._second:
            self.close()
            self._second = int(self._clock())
        self._seen += 1
        if self._seen <= LINES_A_SECOND:
            self._logger.info("%s", line)

    def close(self) -> None:
        """Say how many lines of this second were left out."""
        if self._seen > LINES_A_SECOND:
            self._logger.info("(%d more lines, see the log file)", self._seen - LINES_A_SECOND)
        self._seen = 0


@contextmanager
def shown_live(
    key: str, metrics: Callable[[], Sequence[Metric]] | None, total_steps: int | None, logger: Logger
) -> Iterator[Callable[[], None]]:
    """Yields a function, to be called often, that brings the bar and the page of metrics up to date now and then.

    A Prefect server that does not answer is waited for at the next turn: it never ends a training run.

    Args:
        key: names the bar; the page is `<key>-metrics`.
        metrics: what was measured so far; without it nothing is shown.
        total_steps: the length of the bar; without it there is no bar.
        logger: takes warnings.
    """
    if metrics is None:
        yield lambda: None
        return
    page = MetricsPage(f"{key}-metrics", total_steps)
    last = 0.0

    def update(report: Callable[[int, int], None] | None, *, now: bool = False) -> None:
        nonlocal last
        if not now and time.monotonic() - last < SECONDS_BETWEEN_PAGES:
            return
        last = time.monotonic()
        found = metrics()
        if not found:
            return
        try:
            page.show(found)
            if report and total_steps and found[-1].step:
                report(min(found[-1].step, total_steps), total_steps)
        except httpx.HTTPError as error:
            logger.warning("the metrics could not be shown: %r; training goes on", error)

    if total_steps:
        with progress_in_ui(key, "steps") as report:
            try:
                yield lambda: update(report)
            finally:
                update(report, now=True)
    else:
        try:
            yield lambda: update(None)
        finally:
            update(None, now=True)


class MetricsPage:
    """One markdown artifact that is brought up to date in place."""

    def __init__(self, key: str, total_steps: int | None) -> None:
        self.key = key
        self.total_steps = total_steps
        self._artifact: UUID | None = None
        self._shown = ""

    def show(self, metrics: Sequence[Metric]) -> None:
        """Show the latest metrics; nothing is sent where nothing is new."""
        page = as_markdown(metrics, self.total_steps)
        if page == self._shown:
            return
        if self._artifact is None:
            artifact = create_markdown_artifact(page, key=self.key)
            assert isinstance(artifact, UUID), "called from synchronous code, Prefect answers at once"
            self._artifact = artifact
        else:
            get_client(sync_client=True).update_artifact(self._artifact, ArtifactUpdate(data=page))
        self._shown = page


def as_markdown(metrics: Sequence[Metric], total_steps: int | None) -> str:
    """The curves of the losses and a table of the latest value of every metric; `metrics` is not empty."""
    of_total = f" of {total_steps}" if total_steps else ""
    lines = [f"## Step {metrics[-1].step}{of_total}", ""]
    for name in CURVES:
        if points := [value for _, value in series(metrics, name)]:
            lines += [f"{name} `{sparkline(points)}` {points[0]:.4g} → {points[-1]:.4g}", ""]
    latest = {metric.name: metric for metric in metrics}
    order = [name for name in HEADLINES if name in latest] + sorted(latest.keys() - set(HEADLINES))
    lines += ["| metric | latest | step |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {latest[name].value:.6g} | {latest[name].step} |" for name in order]
    return "\n".join(lines)


def sparkline(values: Sequence[float], width: int = CURVE_WIDTH) -> str:
    """A curve as one line of text, at most `width` characters, each the mean of its share of the values."""
    count = min(width, len(values))
    bounds = [len(values) * number // count for number in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(bounds)]
    low, high = min(means), max(means)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[round((mean - low) * scale)] for mean in means)
