"""The page of a whole run: which step belongs to which stage, which curves are drawn, what the tables say."""

from datasets_registry.artifact import Action, ArtifactRef
from tasks.evaluation.factory import Section, Table, in_sections, render_factory, training_curves
from tasks.evaluation.results import corpus_tables, latency_curves, release_tables, retrieval_tables
from tasks.runtime.metrics import Metric

LOAD = {
    "parallel": 10, "requests": 20, "failed": 0, "requests_per_second": 1.25, "tokens_per_second": 40.0,
    "latency_mean": 0.5, "latency_p50": 0.4, "latency_p99": 0.9, "first_token_ms_mean": 30.0,
    "first_token_ms_p99": 60.0, "token_ms_mean": 20.0,
}  # fmt: skip
CARD = {
    "files": [{"name": "model-Q8_0.gguf", "sha256": "ab" * 32, "bytes": 1234567, "rows": 0}],
    "stress": [
        {"engine": "llama", "serves": "model-Q8_0.gguf", "device": "cpu", "max_tokens": 8, "loads": [LOAD]}
    ],
}


def ref(number: int, kind: str = "thing") -> ArtifactRef:
    return ArtifactRef(kind=kind, sha256=f"{number:064x}", rows=number, bytes=10 * number)


def action(task: str, output: ArtifactRef, **inputs: ArtifactRef) -> Action:
    return Action(
        key=task, run="r", task=task, version="1", inputs=inputs, config={"seed": 7}, output=output, cpu_seconds=6.0,
        wall_seconds=3.0, started="2026-11-21T00:00:00", by="a@b",
    )  # fmt: skip


def test_a_step_belongs_to_the_first_result_that_needs_it() -> None:
    steps = [action("clean", ref(1)), action("index", ref(2), corpus=ref(1)), action("train", ref(3))]
    first, second = in_sections(steps, [ref(2), ref(3)])
    assert [step.task for step in first] == ["clean", "index"]
    assert [step.task for step in second] == ["train"]


def test_a_result_without_a_history_has_no_steps() -> None:
    assert in_sections([action("train", ref(3))], [ref(9), ref(3)])[0] == ()


def test_the_curves_of_a_training_are_its_losses_and_its_rewards() -> None:
    metrics = [
        Metric(1, "loss", 2.0),
        Metric(1, "lr", 0.1),
        Metric(2, "loss", 1.0),
        Metric(2, "reward/format", 0.5),
    ]
    assert training_curves(metrics) == {
        "损失": {"loss": [(1.0, 2.0), (2.0, 1.0)]},
        "奖励": {"reward/format": [(2.0, 0.5)]},
    }


def test_the_page_shows_every_stage_with_inputs_settings_cost_curves_and_tables() -> None:
    steps = (action("train-sft", ref(3, "training/sft"), base=ref(1)),)
    curve = {"损失": {"loss": [(1.0, 2.0), (2.0, 1.0)]}}
    section = Section(
        "监督微调", ref(3), steps, curve, "步数", (Table("甲", ("名", "值"), (("x<y", "1"),), "注"),)
    )
    page = render_factory([section])
    for shown in (
        "监督微调",
        "train-sft",
        "base=00000000",
        "&#34;seed&#34;:7",
        "x&lt;y",
        "注",
        "<svg",
        ">loss<",
    ):
        assert shown in page
    assert "3.0</td>" in page
    assert "6.0</td>" in page


def test_tables_say_what_the_files_say() -> None:
    summary = {"input": 10, "structured": 1, "kept": 6, "quarantined": 0}
    summary |= {"filtered": {"too_short": 2}, "duplicates": {"exact": 1, "hash": 0}}
    (accounts,) = corpus_tables(summary)
    assert ("过滤：too_short", "2", "20.0%") in accounts.rows
    assert not [row for row in accounts.rows if "hash" in row[0]]
    figures = {"success@1": 0.5, "success@3": 0.6, "success@5": 0.7, "rr@10": 0.55, "mrr": 0.5}
    (found,) = retrieval_tables({"queries": 4, "answerable": 3, "methods": {"bm25": figures}})
    assert found.rows == (("BM25", "0.500", "0.600", "0.700", "0.550"),)
    files, stress = release_tables(CARD)
    assert files.rows == (("model-Q8_0.gguf", "1,234,567", "ab" * 6),)
    assert stress.rows == (("10", "20", "0", "1.25", "40.00", "0.500", "0.900"),)
    assert latency_curves(CARD) == {"llama 延迟（秒）": {"P99": [(10.0, 0.9)], "平均": [(10.0, 0.5)]}}
