"""What each stage of a whole run showed, as tables in Chinese, read from the files that the stages publish."""

from collections.abc import Iterable, Mapping
from typing import Any

from tasks.evaluation.ablation import ablation_note, ablation_table
from tasks.evaluation.factory import Table
from tasks.evaluation.models import Ablation
from tasks.pages.rendering import number, percent
from tasks.retrieval.comparison import Comparison

Json = Mapping[str, Any]
"""A parsed file of another stage; a key that is missing is a defect, and raises `KeyError`."""

METHODS = {"bm25": "BM25", "dense": "向量", "hybrid": "混合"}
PLAIN_METRICS = ("success@1", "success@3", "success@5", "rr@10")
TINY = "微型模型只用来演示全流程：数字说明流程走通、训练有效，不代表生产效果。"


def corpus_tables(summary: Json) -> list[Table]:
    """The accounts of the corpus (`summary.json`)."""
    rows = [("结构化", summary["structured"]), ("保留", summary["kept"]), ("隔离", summary["quarantined"])]
    rows += [(f"过滤：{reason}", count) for reason, count in summary["filtered"].items()]
    rows += [(f"重复：{layer}", count) for layer, count in summary["duplicates"].items() if count]
    cells = tuple((name, number(count), percent(count, summary["input"])) for name, count in rows)
    return [Table("账目", ("去向", "行数", "占比"), cells, f"输入 {number(summary['input'])} 行，账目相符。")]


def retrieval_tables(report: Json) -> list[Table]:
    """How well the index finds (`retrieval.json`)."""
    cells = tuple(
        (METHODS[method], *(f"{figures[metric]:.3f}" for metric in PLAIN_METRICS))
        for method, figures in report["methods"].items()
    )
    note = f"{report['queries']} 个问题，其中 {report['answerable']} 个的标准文档在索引中。"
    return [Table("检索评测", ("方法", *PLAIN_METRICS), cells, note)]


def embedder_tables(report: Json) -> list[Table]:
    """The fine-tuned embedder beside the untuned one (`report.json`)."""
    compared = Comparison.model_validate(report["comparison"])
    cells = tuple(
        (
            f"{METHODS[method]} {metric}",
            f"{figure.before:.3f}",
            f"{figure.after:.3f}",
            f"{figure.difference:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]",
        )
        for method, figures in compared.methods.items()
        for metric, figure in figures.items()
        if metric in PLAIN_METRICS
    )
    note = f"{compared.queries} 个留出问题，方括号内为差的 95% 配对自助区间。{TINY}"
    return [Table("微调前后的检索", ("指标", "微调前", "微调后", "差"), cells, note)]


def model_tables(ablation: Ablation) -> list[Table]:
    """The models side by side."""
    rows = ablation_table(ablation)
    cells = tuple(tuple(row.values()) for row in rows)
    return [Table("消融实验", tuple(rows[0]), cells, f"{ablation_note(ablation)}{TINY}")]


def release_tables(card: Json) -> list[Table]:
    """The files and the stress tests of a release (`card.json`)."""
    files = tuple((entry["name"], number(entry["bytes"]), entry["sha256"][:12]) for entry in card["files"])
    tables = [Table("发布文件", ("文件", "字节", "sha256"), files)]
    for stress in card["stress"]:
        cells = tuple(_load(load) for load in stress["loads"])
        header = ("并发", "请求数", "失败", "请求/秒", "token/秒", "平均延迟（秒）", "P99 延迟（秒）")
        note = f"EvalScope，{stress['serves']}，{stress['device']}，每次 {stress['max_tokens']} 个词元。"
        tables.append(Table(f"压力测试：{stress['engine']}", header, cells, note))
    return tables


def latency_curves(card: Json) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Latency over load for every server of a release."""
    return {
        f"{stress['engine']} 延迟（秒）": {
            "P99": _points(stress["loads"], "latency_p99"),
            "平均": _points(stress["loads"], "latency_mean"),
        }
        for stress in card["stress"]
    }


def _points(loads: Iterable[Json], name: str) -> list[tuple[float, float]]:
    return [(float(load["parallel"]), float(load[name])) for load in loads]


def _load(load: Json) -> tuple[str, ...]:
    whole = (load["parallel"], load["requests"], load["failed"])
    rates = (load["requests_per_second"], load["tokens_per_second"])
    return (
        *(str(count) for count in whole),
        *(f"{rate:.2f}" for rate in rates),
        f"{load['latency_mean']:.3f}",
        f"{load['latency_p99']:.3f}",
    )
