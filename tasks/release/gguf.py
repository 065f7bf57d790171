"""GGUF files: the programs that make them, and the judgement whether a file is what its name says.

llama.cpp falls back to other types where a row does not fit (its length must be a multiple of 256 for Q4_K), and its
header still claims the type that was asked for. So the tensors themselves are counted.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.release.config import QUANTISATIONS, GgufConfig, Quantisation
from tasks.runtime.programs import Program

REAL_TYPES: Mapping[Quantisation, frozenset[str]] = {
    "f16": frozenset({"F16"}),
    "Q8_0": frozenset({"Q8_0"}),
    "Q4_K_M": frozenset({"Q4_K", "Q6_K"}),
}
"""The tensor types that the matrices of a file should have; Q4_K_M keeps its most sensitive ones in Q6_K."""

MAX_ERROR: Mapping[Quantisation, float] = {"f16": 0.0, "Q8_0": 0.02, "Q4_K_M": 0.15}
"""How far a quantised matrix may be from its f16 form; real weights lie at about a third of these."""

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}


class BadQuantisation(ValueError):
    """A GGUF file does not hold what its name says."""


class GgufFile(BaseModel):
    """What `programs/describe.py` found in a file.

    `matrices` counts weights by tensor type; `missing` are matrices that the f16 file has and this one lacks;
    `error` is the largest relative distance of a matrix from its f16 form.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str
    context: int
    tensors: int
    matrices: dict[str, int]
    missing: tuple[str, ...]
    error: float
    vocabulary: int
    control_tokens: tuple[str, ...]
    visible_tokens: tuple[str, ...]
    has_chat_template: bool

    def fallback(self, quantisation: Quantisation) -> float:
        """The share of weights in matrices of another type than those of `quantisation`, 0 to 1."""
        real = sum(count for kind, count in self.matrices.items() if kind in REAL_TYPES[quantisation])
        return 1 - real / sum(self.matrices.values())


def file_name(quantisation: Quantisation) -> str:
    """The name of a GGUF file in a release."""
    return f"model-{quantisation}.gguf"


def convert_program(model: Path, target: Path, name: str, config: GgufConfig) -> Program:
    """Convert a Hugging Face folder to an f16 file."""
    return _program(
        "convert", "--model", str(model), "--target", str(target), "--name", name,
        "--visible", *config.visible_tokens,
    )  # fmt: skip


def quantise_program(source: Path, target: Path, quantisation: Quantisation, threads: int = 2) -> Program:
    """Quantise an f16 file to Q8_0 or Q4_K_M."""
    return _program(
        "quantise", "--source", str(source), "--target", str(target), "--type", quantisation,
        "--threads", str(threads),
    )  # fmt: skip


def describe_program(original: Path, files: Sequence[Path], target: Path) -> Program:
    """Describe files as JSON, by file name; `original` is the f16 file that they were made from."""
    return _program(
        "describe", "--original", str(original), "--gguf", *map(str, files), "--target", str(target)
    )


def reference_program(model: Path, questions: Path, target: Path) -> Program:
    """Ask the Hugging Face model what served forms of it are compared with."""
    return _program(
        "reference", "--model", str(model), "--questions", str(questions), "--target", str(target)
    )


def read_descriptions(path: Path) -> dict[Quantisation, GgufFile]:
    """The output of `describe_program`."""
    found = json.loads(path.read_bytes())
    names = [name for name in QUANTISATIONS if file_name(name) in found]
    return {name: GgufFile.model_validate(found[file_name(name)]) for name in names}


def check_file(found: GgufFile, quantisation: Quantisation, config: GgufConfig) -> None:
    """Make sure that a file is what its name says.

    Raises:
        BadQuantisation: too many weights fell back to other types, or the file could not hold a conversation.
    """
    fallback = found.fallback(quantisation)
    if fallback > config.max_fallback:
        raise BadQuantisation(
            f"{file_name(quantisation)} has {fallback:.1%} of its weights in other types ({_counts(found)}), at most "
            f"{config.max_fallback:.1%} are accepted; rows of its matrices are no multiples of 256, so release "
            "Q8_0, or raise max_fallback"
        )
    if found.missing or found.error > MAX_ERROR[quantisation]:
        raise BadQuantisation(
            f"{file_name(quantisation)} lacks {len(found.missing)} matrices and is off by {found.error:.2%} in one, "
            f"wanted none and at most {MAX_ERROR[quantisation]:.0%}; the file is damaged, make it again"
        )
    if not found.has_chat_template:
        raise BadQuantisation(
            f"{file_name(quantisation)} has no chat template; the model folder must bring chat_template.jinja"
        )
    hidden = set(config.visible_tokens) & set(found.control_tokens)
    missing = set(config.visible_tokens) - set(found.visible_tokens) - hidden
    if hidden or missing:
        raise BadQuantisation(
            f"{file_name(quantisation)} would not show {', '.join(sorted(hidden | missing))} in answers; "
            "the tokenizer must have them as single tokens"
        )


def _counts(found: GgufFile) -> str:
    total = sum(found.matrices.values())
    return ", ".join(f"{kind} {count / total:.0%}" for kind, count in found.matrices.items())


def _program(name: str, *arguments: str) -> Program:
    return Program("gguf", ("python", "-m", f"tasks.release.programs.{name}", *arguments), OFFLINE)
