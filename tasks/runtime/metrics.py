"""What a training run measured, from every trainer's own file to one schema with common names.

Common names: loss, eval_loss, learning_rate, grad_norm, seconds_per_step, tokens_per_second, reward, reward/<part>,
eval_reward, eval_reward/<part>, kl, response_length, memory_gib. What a tool measures beyond these keeps its own name.
Formats: ms-swift 4.6 `swift/trainers/patcher.py`, verl 0.9 `verl/utils/tracking.py` (`FileLogger`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from datasets_registry.records import JsonObject

SWIFT_STEP = "global_step/max_steps"

SWIFT_NAMES = {
    "train_speed(s/it)": "seconds_per_step",
    "train_tokens_per_second": "tokens_per_second",
    "memory(GiB)": "memory_gib",
    "completions/mean_length": "response_length",
}
VERL_NAMES = {
    "train/loss": "loss",
    "train/lr": "learning_rate",
    "train/grad_norm": "grad_norm",
    "val/loss": "eval_loss",
    "actor/loss": "loss",
    "actor/lr": "learning_rate",
    "actor/grad_norm": "grad_norm",
    "actor/kl_loss": "kl",
    "critic/rewards/mean": "reward",
    "response_length/mean": "response_length",
    "perf/time_per_step": "seconds_per_step",
    "perf/throughput": "tokens_per_second",
    "perf/max_memory_allocated_gb": "memory_gib",
}
VERL_VALIDATION = re.compile(r"val-(?:core|aux)/.+/([^/]+)/mean@\d+")


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured value: after which training step, under which name."""

    step: int
    name: str
    value: float


def read_swift(log: Path) -> list[Metric]:
    """The metrics of ms-swift's `logging.jsonl`, in order; steps done twice (a resumed run) count once, the later.

    Empty where the file is not there yet.
    """
    return _latest(
        Metric(step, SWIFT_NAMES.get(name, name), value)
        for row in _rows(log)
        for step in _swift_step(row)
        for name, value in _numbers(row)
    )


def read_verl(*logs: Path) -> list[Metric]:
    """The metrics of verl's file logger, in order; of a step in several files the last one counts.

    verl empties its file when it resumes: give every try a `VERL_FILE_LOGGER_PATH` of its own, and all of them here.
    `tokens_per_second` is per device. Files that are not there yet count as empty.
    """
    return _latest(
        Metric(int(step), _verl_name(name), value)
        for log in logs
        for row in _rows(log)
        for step, data in [(row.get("step"), row.get("data"))]
        if isinstance(step, int) and isinstance(data, dict)
        for name, value in _numbers(data)
    )


def write_metrics(path: Path, metrics: Iterable[Metric]) -> None:
    """Write one `{"step", "name", "value"}` a line; the file appears whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(b"".join(orjson.dumps(metric) + b"\n" for metric in metrics))
    partial.replace(path)


def read_metrics(path: Path) -> list[Metric]:
    """The metrics of `write_metrics`; raises `ValueError` on a line of another shape."""
    return parse_metrics(path.read_bytes(), path)


def parse_metrics(data: bytes, source: object = "metrics.jsonl") -> list[Metric]:
    """What `write_metrics` wrote to `source`; raises `ValueError` on a line of another shape."""
    metrics = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            metrics.append(Metric(**orjson.loads(line)))
        except (TypeError, orjson.JSONDecodeError) as error:
            raise ValueError(
                f'{source}:{number} is not a {{"step", "name", "value"}} line: {error}'
            ) from error
    return metrics


def series(metrics: Iterable[Metric], name: str) -> list[tuple[int, float]]:
    """The (step, value) of one name, in order."""
    return [(metric.step, metric.value) for metric in metrics if metric.name == name]


def _latest(metrics: Iterable[Metric]) -> list[Metric]:
    """One metric a step and name, the last of them, ordered by step and then as they came."""
    latest = {(metric.step, metric.name): metric for metric in metrics}
    return sorted(latest.values(), key=lambda metric: metric.step)


def _rows(log: Path) -> Iterator[JsonObject]:
    """The JSON objects of a log that may still be written to: a half-written line is none yet."""
    if not log.exists():
        return
    for line in log.read_bytes().splitlines():
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(row, dict):
            yield row


def _swift_step(row: JsonObject) -> list[int]:
    """The step of a line, or none: the last line is a summary of the whole run."""
    step, _, _ = str(row.get(SWIFT_STEP, "")).partition("/")
    return [int(step)] if step.isdigit() else []


def _verl_name(name: str) -> str:
    if validated := VERL_VALIDATION.fullmatch(name):
        part = validated.group(1)
        return "eval_reward" if part in ("reward", "score") else f"eval_reward/{part}"
    return VERL_NAMES.get(name, name)


def _numbers(row: JsonObject) -> Iterator[tuple[str, float]]:
    for name, value in row.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, float(value)
