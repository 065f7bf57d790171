"""verl's command lines: hydra overrides from YAML files, filled with settings; and the variables that verl wants.

A file is a flat map from override to value. A value `{name}` is taken from the settings; null takes the override away.
Without a GPU, `on_cpu.yaml` is laid over `command.yaml`. Golden copies of what comes out: `tests/golden/{sft,grpo}/`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from tasks.runtime.programs import Program
from tasks.verl.config import Device

Value = str | int | float | bool | None | list[str] | dict[str, str | float]

VERL = "verl"
PLATFORM = "tasks.verl.programs.cpu_platform"
ADAPTER = "tasks.verl.programs.adapter"

WORD = re.compile(r"[\w./:+-]*")
"""Text that hydra takes as it stands."""

MODEL, TRAIN, HELD_OUT = "base", "train.parquet", "held_out.parquet"
CHECKPOINTS, MEASURED = "checkpoints", "measured"
"""What a training finds and leaves in the folder that it runs in; of what is measured, every try has a folder."""
IN_FOLDER = {"model": MODEL, "train": TRAIN, "held_out": HELD_OUT, "checkpoints": CHECKPOINTS}


def overrides(folder: Path, device: Device, values: Mapping[str, Value]) -> tuple[str, ...]:
    """The overrides of a stage's folder, in the order of its files.

    Raises:
        KeyError: a file asks for a setting that `values` does not have.
    """
    laid: dict[str, Value] = {}
    for name in ("command.yaml", "on_cpu.yaml") if device == "cpu" else ("command.yaml",):
        laid |= yaml.safe_load((folder / name).read_text("utf-8"))
    filled = {name: _filled(value, values) for name, value in laid.items()}
    return tuple(f"{name}={spelled(value)}" for name, value in filled.items() if value is not None)


def resumption(checkpoint: str | None) -> tuple[str, ...]:
    """The overrides that start afresh, or go on from a checkpoint; verl's own choice may be a half-written one."""
    if checkpoint is None:
        return ("trainer.resume_mode=disable",)
    return ("trainer.resume_mode=resume_path", f"trainer.resume_from_path={checkpoint}")


def environment(device: Device, plugins: Sequence[str] = ()) -> dict[str, str]:
    """The variables of every program of verl; `plugins` are modules that verl is to import without a GPU."""
    common = {"HF_HUB_OFFLINE": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    if device == "cuda":
        return common
    return common | {
        "VERL_USE_EXTERNAL_MODULES": ",".join((PLATFORM, *plugins)),
        "VERL_PLATFORM": "cpu",
        "VERL_ENGINE_DEVICE": "cuda",  # the name under which verl keeps its FSDP engine, which runs anywhere
    }


def unset(device: Device) -> tuple[str, ...]:
    """Variables that verl must not have: somebody's cluster; and an empty list of GPUs, which Ray takes for zero."""
    return ("RAY_ADDRESS",) if device == "cuda" else ("RAY_ADDRESS", "CUDA_VISIBLE_DEVICES")


def adapter_program(shards: str, out: str, device: Device) -> Program:
    """The adapter of a checkpoint whose weights lie in `shards`, to `out/lora_adapter`."""
    argv = ("python", "-m", ADAPTER, "--shards", shards, "--out", out)
    return Program(VERL, argv, environment(device), unset(device))


def spelled(value: Value) -> str:
    """A value in hydra's grammar; text is quoted where it is more than a word."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return f"[{','.join(map(spelled, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{name}:{spelled(item)}' for name, item in value.items())}}}"
    text = str(value)
    return text if WORD.fullmatch(text) else "'{}'".format(text.replace("'", r"\'"))


def _filled(value: Value, values: Mapping[str, Value]) -> Value:
    if (
        isinstance(value, str)
        and value.startswith("{")
        and value.endswith("}")
        and value[1:-1].isidentifier()
    ):
        return values[value[1:-1]]
    return value
