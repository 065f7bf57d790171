"""The newest checkpoint that a killed training can go on from: half-written ones are passed over.

A file is judged by its own structure: safetensors by header and length, PyTorch's files as the zip archives that they
are, with the checksum of every member. Nothing is ever unpickled here. What a whole checkpoint holds was read in the
code that writes it: transformers' Trainer as ms-swift 4.6 uses it, and verl 0.9.1's FSDP checkpoint manager.
"""

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from tasks.checkpoints.safetensors_file import DamagedFile, check_safetensors

SWIFT_STEP = re.compile(r"checkpoint-(\d+)")
SWIFT_WEIGHTS = (("adapter_model", "adapter_config.json"), ("model", "config.json"))
"""Weights, and the config that they cannot be read without: of an adapter, or of a whole model."""
DEEPSPEED_RANK = re.compile(r"(?:bf16_)?zero_pp_rank_(\d+)_mp_rank_\d+_optim_states\.pt")
VERL_STEP = re.compile(r"global_step_(\d+)")
VERL_SHARD = re.compile(r"(model|optim|extra_state)_world_size_(\d+)_rank_(\d+)\.pt")
VERL_PARTS = ("model", "optim", "extra_state")


def newest_swift(folder: Path) -> Path | None:
    """The newest whole `checkpoint-N` of ms-swift in its output folder, or None."""
    candidates = _newest_first(folder, SWIFT_STEP)
    return next((path for step, path in candidates if _is_whole_swift(path, step)), None)


def newest_verl(folder: Path) -> Path | None:
    """The newest whole `global_step_N` of verl in its `default_local_dir`, or None."""
    return next((path for _, path in _newest_first(folder, VERL_STEP) if _is_whole_verl(path)), None)


def _newest_first(folder: Path, name: re.Pattern[str]) -> Iterator[tuple[int, Path]]:
    if folder.is_dir():
        steps = {int(found[1]): path for path in folder.iterdir() if (found := name.fullmatch(path.name))}
        yield from sorted(steps.items(), reverse=True)


def _is_whole_swift(checkpoint: Path, step: int) -> bool:
    """Weights with their config, the optimizer, the state of chance, and the trainer's state, which is written last."""
    state = _read_json(checkpoint / "trainer_state.json")
    return (
        isinstance(state, dict)
        and state.get("global_step") == step
        and any(
            list(checkpoint.glob(f"{weights}*.safetensors")) and (checkpoint / config).is_file()
            for weights, config in SWIFT_WEIGHTS
        )
        and any(checkpoint.glob("rng_state*.pth"))
        and (_has_optimizer(checkpoint) or _has_deepspeed(checkpoint))
        and _are_whole(checkpoint)
    )


def _has_optimizer(checkpoint: Path) -> bool:
    return (checkpoint / "optimizer.pt").is_file() and (checkpoint / "scheduler.pt").is_file()


def _has_deepspeed(checkpoint: Path) -> bool:
    """Whether DeepSpeed's folder holds the optimizer of every process, of which each has an `rng_state` beside it."""
    latest = checkpoint / "latest"
    if not latest.is_file():
        return False
    names = [path.name for path in (checkpoint / latest.read_text("utf-8").strip()).glob("*.pt")]
    ranks = {int(found[1]) for name in names if (found := DEEPSPEED_RANK.fullmatch(name))}
    processes = len(list(checkpoint.glob("rng_state*.pth")))
    return ranks == set(range(processes)) and any(name.endswith("_model_states.pt") for name in names)


def _is_whole_verl(checkpoint: Path) -> bool:
    """Every part of every rank, and the place in the data, which verl writes last."""
    shards = checkpoint / "actor" if (checkpoint / "actor").is_dir() else checkpoint
    about = _read_json(shards / "fsdp_config.json")
    if not isinstance(about, dict) or not isinstance(about.get("world_size"), int):
        return False
    found = [VERL_SHARD.fullmatch(path.name) for path in shards.iterdir()]
    parts = {(match[1], int(match[2]), int(match[3])) for match in found if match}
    size = about["world_size"]
    return (
        parts == {(part, size, rank) for part in VERL_PARTS for rank in range(size)}
        and any(checkpoint.glob("data*.pt"))
        and _are_whole(checkpoint)
    )


def _are_whole(checkpoint: Path) -> bool:
    """Whether every file of a known form is whole, wherever it lies in the checkpoint."""
    return all(_is_whole(path) for path in checkpoint.rglob("*") if path.is_file())


def _is_whole(path: Path) -> bool:
    match path.suffix:
        case ".safetensors":
            return _is_whole_safetensors(path)
        case ".pt" | ".pth" | ".bin":
            return _is_whole_zip(path)
        case ".json":
            return _read_json(path) is not None
        case _:
            return True


def _is_whole_safetensors(path: Path) -> bool:
    try:
        check_safetensors(path)
    except DamagedFile:
        return False
    return True


def _is_whole_zip(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError):
        return False


def _read_json(path: Path) -> object:
    """The value of a JSON file; None where it is missing, cut short or null."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
