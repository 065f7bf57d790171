"""The release card: what was released, what it was made from, what was proven and measured, what it is not for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, JsonValue

from datasets_registry.artifact import Action, ArtifactRef, FileEntry
from tasks.release.config import Engine, Quantisation
from tasks.release.gguf import GgufFile
from tasks.release.proof import Comparison
from tasks.release.stress import Load, as_table

TINY_BASE = "make-tiny-base"
TAKEN_BASE = "take-model"
"""Steps of `tasks/checkpoints` that a model's lineage begins with."""

SMALL = 100_000_000
"""A model with fewer weights than this is a demonstration of the chain, whatever it says."""


class ProvenFile(BaseModel):
    """A GGUF file with what was found in it, and how it compared with the model where it was served."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantisation: Quantisation
    file: FileEntry
    found: GgufFile
    fallback: float
    served: Comparison | None


class Proof(BaseModel):
    """`proof.json`: every GGUF file of a release, and the weights of the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[ProvenFile, ...]
    weights: int


class Stress(BaseModel):
    """`stress.json`: how one server took the load."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Engine
    serves: str
    device: str
    max_tokens: int
    loads: tuple[Load, ...]


class MadeBy(BaseModel):
    """One step of a model's making."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    version: str
    output: str
    sha256: str
    config: dict[str, JsonValue]
    cpu_seconds: float
    at: str


class ReleaseCard(BaseModel):
    """`card.json`: everything that `card.md` says, for machines."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    model: ArtifactRef
    base: str
    licence: str
    made_by: tuple[MadeBy, ...]
    proof: Proof
    stress: tuple[Stress, ...]
    evaluation: str | None
    evaluation_ref: ArtifactRef | None
    files: tuple[FileEntry, ...]

    def evidence(self) -> dict[str, JsonValue]:
        """What let the release in, in figures, as pointers keep it."""
        return {
            "model": self.model.sha256,
            "fallback": {proven.quantisation: proven.fallback for proven in self.proof.files},
            "difference": {
                proven.quantisation: proven.served.difference for proven in self.proof.files if proven.served
            },
            "failed_requests": {
                stress.engine: sum(load.failed for load in stress.loads) for stress in self.stress
            },
        }

    @property
    def is_demonstration(self) -> bool:
        """Whether the model is too small to be of use."""
        return self.proof.weights < SMALL


def prove(
    files: Mapping[Quantisation, FileEntry],
    found: Mapping[Quantisation, GgufFile],
    served: Mapping[Quantisation, Comparison],
) -> Proof:
    """The proof of checked files; `served` are those that were also compared by serving them."""
    proven = tuple(
        ProvenFile(
            quantisation=name,
            file=file,
            found=found[name],
            fallback=found[name].fallback(name),
            served=served.get(name),
        )
        for name, file in files.items()
    )
    return Proof(files=proven, weights=sum(found["f16"].matrices.values()))


def made_by(actions: Iterable[Action]) -> tuple[MadeBy, ...]:
    """The steps of a model's making, inputs before what was made from them."""
    return tuple(
        MadeBy(
            step=action.task,
            version=action.version,
            output=action.output.kind,
            sha256=action.output.sha256,
            config=action.config,
            cpu_seconds=action.cpu_seconds,
            at=action.started,
        )
        for action in actions
    )


def base_of(steps: Sequence[MadeBy]) -> str:
    """The name of the base model that a model was trained from."""
    for made in steps:
        if made.step == TINY_BASE:
            return "cpu-tiny"
        if made.step == TAKEN_BASE:
            return str(made.config["name"])
    return "未记录"


def as_markdown(card: ReleaseCard) -> str:
    """The card that people read, in Chinese."""
    parts = [
        *_summary(card),
        *_proofs(card),
        *_loads(card),
        *_evaluation(card),
        *_making(card),
        *_files(card),
    ]
    return "\n".join(parts) + "\n"


def _summary(card: ReleaseCard) -> Iterator[str]:
    yield f"# 模型发布卡 {card.model.sha256[:12]}\n"
    if card.is_demonstration:
        yield (
            f"> **仅供演示。** 这个模型只有 {card.proof.weights:,} 个权重，用来在没有 GPU 的机器上走通整条流程；"
            "它的回答没有参考价值，不得用于任何业务。\n"
        )
    yield from _table(
        [
            {"项目": "基座模型", "内容": card.base},
            {"项目": "模型（合并后）", "内容": f"`{card.model.sha256}`"},
            {"项目": "权重数", "内容": f"{card.proof.weights:,}"},
            {"项目": "许可证", "内容": card.licence},
        ]
    )
    yield "\n## 用途与限制\n"
    yield "- 用途：按“分步推理加方框答案”的格式回答金融计算、选择与事实题，作为研究助理的推理部件。"
    yield "- 不构成投资建议；数字与事实须以引用的原文为准，重要结论须由人复核。"
    yield "- 知识止于训练数据；训练数据以外的公司、日期与政策可能答错。"
    yield "- 输入文本请先做 NFC 规范化：llama.cpp 不做，分词会与训练时不同。"
    yield "- vLLM 默认隐藏方框标记，请求时请带 `skip_special_tokens: false`；GGUF 文件已设为可见。"
    yield "- Ollama 的 Modelfile 已逐项核对，但未在此运行 `ollama create`。\n"


def _proofs(card: ReleaseCard) -> Iterator[str]:
    yield "## 量化与等价性证明\n"
    yield "张量类型按文件内容逐个统计，不采信文件头；误差为各矩阵相对 f16 的最大相对距离（Frobenius 范数）。\n"
    yield from _table(
        [
            {
                "文件": proven.file.name,
                "大小": f"{proven.file.bytes / 1e6:.2f} MB",
                "张量类型": "、".join(proven.found.matrices),
                "回退占比": f"{proven.fallback:.1%}",
                "最大误差": f"{proven.found.error:.2%}",
                **_served(proven.served),
            }
            for proven in card.proof.files
        ]
    )
    yield "\n“分词一致”为与原模型逐字比对的文本数；“下一词元”为首选一致率与其对数概率之差的最大值。\n"


def _served(found: Comparison | None) -> dict[str, str]:
    if found is None:
        return {"分词一致": "—", "对话模板一致": "—", "下一词元": "—"}
    cut, rendered = found.texts - len(found.cut_differently), found.conversations - found.rendered_differently
    return {
        "分词一致": f"{cut}/{found.texts}",
        "对话模板一致": f"{rendered}/{found.conversations}",
        "下一词元": f"{found.agreement:.0%}，{found.difference:.3g}",
    }


def _loads(card: ReleaseCard) -> Iterator[str]:
    yield "## 压力测试（EvalScope）\n"
    for stress in card.stress:
        yield f"### {stress.engine}：{stress.serves}（{stress.device}，每次 {stress.max_tokens} 个词元）\n"
        yield from _table(as_table(stress.loads))
        yield f"\n![延迟与并发]({stress.engine}/latency.svg)\n"


def _evaluation(card: ReleaseCard) -> Iterator[str]:
    yield "## 评测\n"
    yield card.evaluation or "发布时没有给出评测结果；运行 `finloom run evaluate-models` 后重新发布。\n"


def _making(card: ReleaseCard) -> Iterator[str]:
    yield "## 由来\n"
    yield from _table(
        [
            {
                "步骤": made.step,
                "版本": made.version,
                "产物": f"{made.output} `{made.sha256[:12]}`",
                "CPU 秒": f"{made.cpu_seconds:.0f}",
                "时间（UTC）": made.at[:19],
            }
            for made in card.made_by
        ]
    )


def _files(card: ReleaseCard) -> Iterator[str]:
    yield "\n## 文件\n"
    yield from _table(
        [
            {"文件": entry.name, "字节": f"{entry.bytes:,}", "sha256": f"`{entry.sha256}`"}
            for entry in card.files
        ]
    )


def _table(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    if not rows:
        yield "（无）"
        return
    yield "| " + " | ".join(rows[0]) + " |"
    yield "|" + " --- |" * len(rows[0])
    yield from ("| " + " | ".join(value.replace("|", "\\|") for value in row.values()) + " |" for row in rows)
