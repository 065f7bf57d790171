"""EvalScope's files to one table: failed requests are counted here, since its exit code does not."""

import json
from pathlib import Path

import pytest

from tasks.agent.protocol import messages
from tasks.release.config import StressConfig
from tasks.release.endpoint import Endpoint
from tasks.release.stress import (
    StressFailed,
    as_table,
    draw,
    read_results,
    stress_program,
    write_conversations,
)

CONFIG = StressConfig(parallel=(1, 10), number=(10, 20), max_tokens=16)
SUMMARY = {
    "Req Throughput (req/s)": 101.2,
    "Output Throughput (tok/s)": 1619.3,
    "Avg Latency (s)": 0.0731,
    "Avg TTFT (ms)": 62.89,
    "Avg TPOT (ms)": 0.68,
}


def write_level(
    folder: Path, parallel: int, number: int, failed: int = 0, first_token: float = 102.8
) -> None:
    level = folder / "finloom" / f"parallel_{parallel}_number_{number}"
    level.mkdir(parents=True)
    counts = {"Total Requests": number, "Success Requests": number - failed, "Failed Requests": failed}
    (level / "benchmark_summary.json").write_text(json.dumps(SUMMARY | counts))
    rows = [
        {"Percentiles": name, "Latency (s)": latency, "TTFT (ms)": first_token}
        for name, latency in (("50%", 0.0683), ("99%", 0.1141))
    ]
    (level / "benchmark_percentile.json").write_text(json.dumps(rows))


def test_every_level_is_a_row(tmp_path: Path) -> None:
    write_level(tmp_path, 1, 10)
    write_level(tmp_path, 10, 20)
    loads = read_results(tmp_path, "finloom", CONFIG)
    assert [(load.parallel, load.requests, load.failed) for load in loads] == [(1, 10, 0), (10, 20, 0)]
    assert loads[1].latency_p99 == 0.1141
    assert as_table(loads)[1]["P99 首字（毫秒）"] == "103"
    picture = draw(loads)
    assert picture.startswith("<svg")
    assert "P99" in picture
    assert draw(loads) == picture


def test_answers_without_a_visible_token_have_no_first_one(tmp_path: Path) -> None:
    write_level(tmp_path, 1, 10, first_token=float("nan"))
    write_level(tmp_path, 10, 20)
    first = read_results(tmp_path, "finloom", CONFIG)[0]
    assert first.first_token_ms_mean is first.first_token_ms_p99 is None
    assert as_table([first])[0]["平均首字（毫秒）"] == "—"


def test_failed_requests_fail_the_test(tmp_path: Path) -> None:
    write_level(tmp_path, 1, 10)
    write_level(tmp_path, 10, 20, failed=3)
    with pytest.raises(StressFailed, match="3 of 20 requests failed with 10 at once"):
        read_results(tmp_path, "finloom", CONFIG)
    tolerant = CONFIG.model_copy(update={"max_failed": 0.15})
    assert read_results(tmp_path, "finloom", tolerant)[1].failed == 3


def test_a_test_that_was_cut_short_has_failed(tmp_path: Path) -> None:
    write_level(tmp_path, 1, 10)
    with pytest.raises(StressFailed, match="left no whole result of 20 requests, 10 at once"):
        read_results(tmp_path, "finloom", CONFIG)
    write_level(tmp_path, 10, 20)
    level = tmp_path / "finloom" / "parallel_10_number_20"
    (level / "benchmark_percentile.json").write_text('[{"Percentiles": "50')
    with pytest.raises(StressFailed, match="left no whole result"):
        read_results(tmp_path, "finloom", CONFIG)


def test_the_command_sends_what_every_other_step_sends(tmp_path: Path) -> None:
    write_conversations(tmp_path / "asked.jsonl", ["1+1=？", "2+2=？"])
    lines = (tmp_path / "asked.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [messages("1+1=？"), messages("2+2=？")]
    program = stress_program(
        Endpoint(8800, "finloom", "geheim" * 4), tmp_path / "asked.jsonl", tmp_path, CONFIG
    )
    command = " ".join(program.argv)
    assert "--parallel 1 10 --number 10 20" in command
    assert "geheim" not in command
    assert program.env["EVALSCOPE_API_KEY"] == "geheim" * 4
