"""The ablation table as readers see it, in Chinese: what every stage of training changed, with intervals."""

from tasks.evaluation.models import Ablation, Estimate, ModelRow

KINDS = {"all": "答对率", "number": "数值题", "choice": "选择题", "fact": "事实题"}
DIFFERENCES = {"format": "格式率之差", "answers": "答对率之差", "perplexity": "困惑度之差"}


def ablation_table(ablation: Ablation) -> list[dict[str, str]]:
    """A row of texts by column for every model, as tables of the Prefect UI and of pages take them."""
    return [_cells(row) for row in ablation.rows]


def ablation_note(ablation: Ablation) -> str:
    """What the figures are and how the intervals were made."""
    first = ablation.rows[0].label
    return (
        f"{ablation.questions} 道留出题（训练中未出现），贪心解码。方括号内为 95% 区间：比率用 Wilson 区间，"
        f"困惑度以及与“{first}”之差用按题重抽样的配对自助法（{ablation.resamples} 次，种子 {ablation.seed}）。"
    )


def ablation_markdown(ablation: Ablation) -> str:
    """The table with its note."""
    rows = ablation_table(ablation)
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
    lines += ["| " + " | ".join(row.values()) + " |" for row in rows]
    return "\n".join([*lines, "", ablation_note(ablation), ""])


def _cells(row: ModelRow) -> dict[str, str]:
    cells = {"模型": row.label, "格式率": _rate(row.format)}
    cells |= {name: _rate(row.answers[kind]) for kind, name in KINDS.items() if kind in row.answers}
    cells["困惑度"] = _figure(row.perplexity, "")
    cells["平均输出词元"] = f"{row.tokens:.0f}"
    for measure, name in DIFFERENCES.items():
        difference = row.differences[measure] if row.differences else None
        cells[name] = _difference(measure, difference) if difference else "—"
    return cells


def _rate(estimate: Estimate) -> str:
    return f"{estimate.value:.1%} [{estimate.low:.1%}, {estimate.high:.1%}]"


def _figure(estimate: Estimate, sign: str) -> str:
    return f"{estimate.value:{sign}.4g} [{estimate.low:{sign}.4g}, {estimate.high:{sign}.4g}]"


def _difference(measure: str, estimate: Estimate) -> str:
    if measure == "perplexity":
        return _figure(estimate, "+")
    points = (100 * number for number in (estimate.value, estimate.low, estimate.high))
    return "{:+.1f} [{:+.1f}, {:+.1f}] 百分点".format(*points)
