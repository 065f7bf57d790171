"""EvalScope's stress test of an OpenAI endpoint: its command, its results as one table and one picture.

EvalScope ends with code 0 even where every request failed, so failures are counted here. Percentiles are its own.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, FiniteFloat

from tasks.agent.protocol import messages
from tasks.pages.curves import curves
from tasks.release.config import StressConfig
from tasks.release.endpoint import Endpoint
from tasks.runtime.programs import Program

OFFLINE = {"MODELSCOPE_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
CHART_HEIGHT = 220


class StressFailed(RuntimeError):
    """Too many requests failed under load, or the test left no results."""


class Load(BaseModel):
    """One level of load, as EvalScope measured it; rates are those of all requests together, latency is in seconds.

    `first_token_ms_*` are None where no answer had a visible token, as an untrained model's may not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parallel: int
    requests: int
    failed: int
    requests_per_second: FiniteFloat
    tokens_per_second: FiniteFloat
    latency_mean: FiniteFloat
    latency_p50: FiniteFloat
    latency_p99: FiniteFloat
    first_token_ms_mean: FiniteFloat | None
    first_token_ms_p99: FiniteFloat | None
    token_ms_mean: FiniteFloat


def write_conversations(path: Path, questions: Iterable[str]) -> None:
    """Write one conversation a line, the messages that every other step sends for a question."""
    path.write_bytes(b"".join(orjson.dumps(messages(question)) + b"\n" for question in questions))


def stress_program(endpoint: Endpoint, questions: Path, folder: Path, config: StressConfig) -> Program:
    """`evalscope perf` of an endpoint; results go to `folder`, the key through the environment."""
    fixed = ("--min-tokens", str(config.max_tokens), "--extra-args", '{"ignore_eos": true}')
    return Program(
        "evalscope",
        (
            *("python", "-m", "tasks.release.programs.perf"),
            *("--url", f"{endpoint.url}/v1/chat/completions", "--api", "openai", "--model", endpoint.model),
            *("--dataset", "line_by_line", "--dataset-path", str(questions)),
            *("--parallel", *map(str, config.parallel), "--number", *map(str, config.number)),
            *("--max-tokens", str(config.max_tokens), "--temperature", "0", "--seed", str(config.seed)),
            *(fixed if config.fixed_length else ()),
            *("--stream", "--warmup-num", "1", "--sleep-interval", "1"),
            # llama-server may close a connection while the client is about to use it again.
            *("--headers", "Connection=close"),
            *("--outputs-dir", str(folder), "--no-timestamp"),
        ),
        env={"EVALSCOPE_API_KEY": endpoint.key, **OFFLINE},
        secrets=(endpoint.key,),
    )


def read_results(folder: Path, model: str, config: StressConfig) -> tuple[Load, ...]:
    """The results of every level.

    Raises:
        StressFailed: a level left no results, or more requests failed than are accepted.
    """
    loads = []
    for parallel, number in zip(config.parallel, config.number, strict=True):
        level = folder / model / f"parallel_{parallel}_number_{number}"
        try:
            load = _read_level(level, parallel)
        except (FileNotFoundError, KeyError, ValueError) as error:
            raise StressFailed(
                f"EvalScope left no whole result of {number} requests, {parallel} at once ({error}); see its log"
            ) from error
        if load.requests < number or load.failed > config.max_failed * load.requests:
            raise StressFailed(
                f"{load.failed} of {load.requests} requests failed with {parallel} at once ({number} were wanted), "
                f"at most {config.max_failed:.0%} are accepted; see the server's log, or lower the load"
            )
        loads.append(load)
    return tuple(loads)


def as_table(loads: Sequence[Load]) -> list[dict[str, str]]:
    """The rows that people read."""
    return [
        {
            "并发": str(load.parallel),
            "请求数": str(load.requests),
            "失败": str(load.failed),
            "请求/秒": f"{load.requests_per_second:.2f}",
            "输出 token/秒": f"{load.tokens_per_second:.1f}",
            "平均延迟（秒）": f"{load.latency_mean:.3f}",
            "P99 延迟（秒）": f"{load.latency_p99:.3f}",
            "平均首字（毫秒）": _milliseconds(load.first_token_ms_mean),
            "P99 首字（毫秒）": _milliseconds(load.first_token_ms_p99),
        }
        for load in loads
    ]


def draw(loads: Sequence[Load]) -> str:
    """Latency over load as an SVG."""
    lines = {
        "P99 延迟": [(float(load.parallel), load.latency_p99) for load in loads],
        "平均延迟": [(float(load.parallel), load.latency_mean) for load in loads],
    }
    return curves(lines, "并发请求数（纵轴：秒）", CHART_HEIGHT)


def _read_level(folder: Path, parallel: int) -> Load:
    # EvalScope writes NaN, which only the standard library reads.
    summary = json.loads((folder / "benchmark_summary.json").read_bytes())
    rows = json.loads((folder / "benchmark_percentile.json").read_bytes())
    percentiles: dict[str, dict[str, float]] = {row["Percentiles"]: row for row in rows}
    first_token = percentiles["99%"]["TTFT (ms)"]
    seen = math.isfinite(first_token)
    return Load(
        parallel=parallel,
        requests=summary["Total Requests"],
        failed=summary["Total Requests"] - summary["Success Requests"],
        requests_per_second=summary["Req Throughput (req/s)"],
        tokens_per_second=summary["Output Throughput (tok/s)"],
        latency_mean=summary["Avg Latency (s)"],
        latency_p50=percentiles["50%"]["Latency (s)"],
        latency_p99=percentiles["99%"]["Latency (s)"],
        first_token_ms_mean=summary["Avg TTFT (ms)"] if seen else None,
        first_token_ms_p99=first_token if seen else None,
        token_ms_mean=summary["Avg TPOT (ms)"],
    )


def _milliseconds(value: float | None) -> str:
    return "—" if value is None else f"{value:.0f}"
