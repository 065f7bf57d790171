"""Metrics of every trainer in one schema: lines as the tools write them, resumed runs, half-written files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.runtime.metrics import Metric, read_metrics, read_swift, read_verl, series, write_metrics

SWIFT = """\
{"loss": 2.9934, "grad_norm": 1.27, "learning_rate": 9.1e-05, "epoch": 0.11, "global_step/max_steps": "5/45", \
"elapsed_time": "6s", "remaining_time": "49s", "memory(GiB)": 0.42, "train_speed(s/it)": 1.243}
{"eval_loss": 2.81, "eval_margin": 0.12, "eval_mean_pos": 0.51, "epoch": 0.44, "global_step/max_steps": "20/45"}
{"loss": 2.5, "global_step/max_steps": "25/45"}
{"loss": 2.4, "global_step/max_steps": "25/45"}
{"train_runtime": 60.1, "train_loss": 2.7, "global_step/max_steps": "45/45"}
{"last_model_checkpoint": "out/checkpoint-45", "best_metric": 2.81, "log_history": [], "memory": null}
"""
VERL_SFT = """\
{"step":1,"data":{"train/loss":7.17,"train/grad_norm":1.5,"train/lr":0.0001,"train/global_tokens":2048}}
{"step":3,"data":{"val/loss":7.06}}
"""
VERL_GRPO = """\
{"step":4,"data":{"actor/pg_loss":0.01,"actor/kl_loss":0.0002,"actor/grad_norm":0.06,"critic/rewards/mean":0.4,\
"response_length/mean":61.5,"perf/throughput":33.1,"perf/time_per_step":6.2,"critic/score/mean":null,\
"val-core/finloom/acc/mean@1":0.25,"val-aux/finloom/reward/mean@1":0.75,"val-aux/finloom/format/mean@1":0.5}}
"""


def named(metrics: list[Metric], step: int) -> dict[str, float]:
    return {metric.name: metric.value for metric in metrics if metric.step == step}


def test_swift_lines(tmp_path: Path) -> None:
    log = tmp_path / "logging.jsonl"
    log.write_text(SWIFT + '{"loss": 2.3, "global_st')
    metrics = read_swift(log)
    assert named(metrics, 5) == {
        "loss": 2.9934,
        "grad_norm": 1.27,
        "learning_rate": 9.1e-05,
        "epoch": 0.11,
        "memory_gib": 0.42,
        "seconds_per_step": 1.243,
    }
    assert named(metrics, 20)["eval_loss"] == 2.81
    # Step 25 was done again after a resume.
    assert series(metrics, "loss") == [(5, 2.9934), (25, 2.4)]
    assert {metric.step for metric in metrics} == {5, 20, 25, 45}


def test_verl_sft_lines(tmp_path: Path) -> None:
    log = tmp_path / "sft.jsonl"
    log.write_text(VERL_SFT)
    assert read_verl(log) == [
        Metric(1, "loss", 7.17),
        Metric(1, "grad_norm", 1.5),
        Metric(1, "learning_rate", 0.0001),
        Metric(1, "train/global_tokens", 2048.0),
        Metric(3, "eval_loss", 7.06),
    ]


def test_verl_grpo_lines(tmp_path: Path) -> None:
    log = tmp_path / "grpo.jsonl"
    log.write_text(VERL_GRPO)
    assert named(read_verl(log), 4) == {
        "actor/pg_loss": 0.01,
        "kl": 0.0002,
        "grad_norm": 0.06,
        "reward": 0.4,
        "response_length": 61.5,
        "tokens_per_second": 33.1,
        "seconds_per_step": 6.2,
        "eval_reward/acc": 0.25,
        "eval_reward": 0.75,
        "eval_reward/format": 0.5,
    }


def test_the_tries_of_a_resumed_verl_run_are_one(tmp_path: Path) -> None:
    for name, steps in (("1", (1, 2, 3)), ("2", (3, 4))):
        (tmp_path / name).write_text(
            "".join(f'{{"step":{step},"data":{{"train/loss":{name}.{step}}}}}\n' for step in steps)
        )
    metrics = read_verl(tmp_path / "1", tmp_path / "2", tmp_path / "not there yet")
    assert series(metrics, "loss") == [(1, 1.1), (2, 1.2), (3, 2.3), (4, 2.4)]


@pytest.mark.parametrize("text", ["", "not json\n", "[1]\n", '{"step": "x", "data": {}}\n{"step": 1}\n'])
def test_what_is_no_metric_is_passed_over(tmp_path: Path, text: str) -> None:
    log = tmp_path / "log"
    log.write_text(text)
    assert read_swift(log) == read_verl(log) == []


METRICS = st.builds(
    Metric,
    step=st.integers(0, 10**6),
    name=st.text(st.characters(codec="utf-8"), min_size=1),
    value=st.floats(allow_nan=False, allow_infinity=False),
)


@given(st.lists(METRICS))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, metrics: list[Metric]) -> None:
    path = tmp_path_factory.mktemp("metrics") / "metrics.jsonl"
    write_metrics(path, metrics)
    assert read_metrics(path) == metrics
    assert [file.name for file in path.parent.iterdir()] == ["metrics.jsonl"]


@pytest.mark.parametrize("line", ["{}", "[]", "x", '{"step": 1, "name": "loss", "value": 1.0, "more": 2}'])
def test_a_line_of_another_shape_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"step": 1, "name": "loss", "value": 1.0}}\n{line}\n')
    with pytest.raises(ValueError, match=r"metrics\.jsonl:2 is not"):
        read_metrics(path)
