"""The card says what a model is made of, what was proven, and that a tiny model is a demonstration."""

from datasets_registry.artifact import Action, ArtifactRef, FileEntry
from tasks.release.card import ReleaseCard, Stress, as_markdown, base_of, made_by, prove
from tasks.release.config import Quantisation
from tasks.release.gguf import GgufFile, file_name
from tasks.release.proof import Comparison
from tasks.release.stress import Load

MODEL = ArtifactRef(kind="model", sha256="a" * 64, rows=0, bytes=10)
FOUND = GgufFile(
    architecture="qwen3",
    context=2048,
    tensors=1,
    matrices={"F16": 3_145_728},
    missing=(),
    error=0.0717,
    vocabulary=5,
    control_tokens=(),
    visible_tokens=(),
    has_chat_template=True,
)
SERVED = Comparison(
    texts=15,
    cut_differently=[],
    conversations=3,
    rendered_differently=0,
    agreement=1,
    difference=0.0035,
    normalises=False,
)
LOAD = Load(
    parallel=10,
    requests=20,
    failed=0,
    requests_per_second=1,
    tokens_per_second=2,
    latency_mean=3,
    latency_p50=3,
    latency_p99=4,
    first_token_ms_mean=None,
    first_token_ms_p99=None,
    token_ms_mean=1,
)


def entry(name: str) -> FileEntry:
    return FileEntry(name=name, sha256="b" * 64, bytes=1_000_000, rows=0)


def card(weights: int = 3_145_728, evaluation: str | None = None) -> ReleaseCard:
    names: tuple[Quantisation, ...] = ("f16", "Q8_0")
    found = FOUND.model_copy(update={"matrices": {"F16": weights}})
    steps = made_by(
        Action(
            key="k", run="r", task=task, version="1", inputs={}, config=config, output=MODEL, cpu_seconds=12.3,
            wall_seconds=1, started="2026-11-21T12:00:00.000000+00:00", by="me",
        )
        for task, config in (("take-model", {"name": "Qwen3-8B"}), ("train|sft", {}))
    )  # fmt: skip
    return ReleaseCard(
        model=MODEL,
        base=base_of(steps),
        licence="Apache-2.0",
        made_by=steps,
        proof=prove({name: entry(file_name(name)) for name in names}, dict.fromkeys(names, found), {"f16": SERVED}),
        stress=(Stress(engine="llama", serves="m.gguf", device="cpu", max_tokens=16, loads=(LOAD,)),),
        evaluation=evaluation,
        evaluation_ref=None,
        files=(entry("model-f16.gguf"),),
    )  # fmt: skip


def test_the_card_says_everything() -> None:
    page = as_markdown(card(evaluation="| 模型 | 格式率 |"))
    for part in (
        *("Qwen3-8B", MODEL.sha256, "3,145,728", "Apache-2.0", "b" * 64, "15/15", "3/3", "100%，0.0035"),
        *(
            "7.17%",
            "| 模型 | 格式率 |",
            "不构成投资建议",
            "skip_special_tokens",
            "train\\|sft",
            "llama/latency.svg",
        ),
    ):
        assert part in page


def test_every_table_is_whole() -> None:
    rows = [line for line in as_markdown(card()).splitlines() if line.startswith("|")]
    widths = [line.replace("\\|", "").count("|") for line in rows]
    starts = [
        number for number, line in enumerate(rows) if line.startswith("| --- ") or line.startswith("| ---")
    ]
    for start in starts:
        following = [number for number in starts if number > start]
        end = following[0] - 1 if following else len(rows)
        assert len(set(widths[start - 1 : end])) == 1


def test_a_tiny_model_is_a_demonstration() -> None:
    assert "仅供演示" in as_markdown(card())
    assert "仅供演示" not in as_markdown(card(weights=8_000_000_000))


def test_the_evidence_is_figures() -> None:
    assert card().evidence() == {
        "model": MODEL.sha256,
        "fallback": {"f16": 0.0, "Q8_0": 1.0},
        "difference": {"f16": 0.0035},
        "failed_requests": {"llama": 0},
    }


def test_a_base_that_is_not_recorded_is_said_so() -> None:
    assert base_of(()) == "未记录"
