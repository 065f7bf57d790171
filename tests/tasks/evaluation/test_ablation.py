"""The table says what the figures are, for every model, with intervals."""

from tasks.evaluation.ablation import ablation_markdown, ablation_note, ablation_table
from tasks.evaluation.models import Ablation, Estimate, ModelRow

RATE = Estimate(value=0.5, low=0.25, high=0.75, of=40)
BASE = ModelRow(
    label="base",
    format=RATE,
    answers={"all": RATE, "choice": RATE},
    perplexity=Estimate(value=1234.5, low=1000, high=1500, of=40),
    tokens=99.6,
)
TUNED = BASE.model_copy(
    update={
        "label": "SFT",
        "differences": {
            "format": Estimate(value=0.9, low=0.8, high=0.95, of=40),
            "answers": Estimate(value=-0.1, low=-0.2, high=0.05, of=40),
            "perplexity": Estimate(value=-1230.25, low=-1300, high=-1200, of=40),
        },
    }
)
TABLE = Ablation(questions=40, resamples=2000, seed=1, rows=(BASE, TUNED))


def test_every_row_has_every_column() -> None:
    first, second = ablation_table(TABLE)
    assert list(first) == list(second)
    assert first["答对率"] == first["选择题"] == "50.0% [25.0%, 75.0%]"
    assert "数值题" not in first
    assert first["格式率之差"] == "—"
    assert second["格式率之差"] == "+90.0 [+80.0, +95.0] 百分点"
    assert second["答对率之差"] == "-10.0 [-20.0, +5.0] 百分点"
    assert second["困惑度之差"] == "-1230 [-1300, -1200]"


def test_the_note_says_how_the_intervals_were_made() -> None:
    assert "40 道留出题" in ablation_note(TABLE)
    assert "“base”" in ablation_note(TABLE)


def test_the_markdown_is_a_table_with_its_note() -> None:
    lines = ablation_markdown(TABLE).splitlines()
    assert len({line.count("|") for line in lines[:4]}) == 1
    assert lines[2].startswith("| base |")
    assert lines[-1] == ablation_note(TABLE)
