"""What a model folder must be before anything opens it: whole safetensors, no code and nothing that unpickles."""

import json
from collections.abc import Iterator
from pathlib import Path

from tasks.checkpoints.safetensors_file import DamagedFile, check_safetensors

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLED = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")


class BadModelFolder(ValueError):
    """A folder is not a model that finloom will load."""


def check_model_folder(folder: Path) -> None:
    """Make sure that a folder is a whole Hugging Face model without code of its own.

    Raises:
        BadModelFolder: a file is missing or cut short, a weight is pickled, or a config names code (`auto_map`).
    """
    if not folder.is_dir():
        raise BadModelFolder(f"{folder} is not a folder, wanted a model; `finloom data get NAME` fetches one")
    problem = next(_problems(folder), None)
    if problem:
        raise BadModelFolder(f"{folder}: {problem}")


def _problems(folder: Path) -> Iterator[str]:
    """What is wrong, one sentence each."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICKLED:
            yield f"{path.name} may run code when it is read; use a copy of the model in safetensors"
    for name in NEEDED:
        if not (folder / name).is_file():
            yield f"{name} is missing, wanted a complete model; fetch or make it again"
    for path in sorted(folder.glob("*.json")):
        yield from _config_problems(path)
    yield from _weight_problems(folder)


def _config_problems(path: Path) -> Iterator[str]:
    try:
        value = json.loads(path.read_bytes())
    except ValueError:
        yield f"{path.name} is not JSON, it may be cut short; fetch or make it again"
        return
    if isinstance(value, dict) and "auto_map" in value:
        yield f"{path.name} has auto_map, which runs code that came with the model; use a model that needs none"


def _weight_problems(folder: Path) -> Iterator[str]:
    """Missing or damaged weights: one file, or the shards that an index names."""
    try:
        if not (folder / INDEX).is_file():
            check_safetensors(folder / WEIGHTS)
            return
        places = json.loads((folder / INDEX).read_bytes())["weight_map"]
        for shard in sorted(set(places.values())):
            if Path(shard).name != shard:
                raise DamagedFile(f"{INDEX} names {shard!r}, wanted a file of the folder; fetch it again")
            absent = {name for name, file in places.items() if file == shard} - check_safetensors(
                folder / shard
            )
            if absent:
                raise DamagedFile(
                    f"{shard} has no tensor {min(absent)}, which {INDEX} promises; fetch it again"
                )
    except (KeyError, TypeError, AttributeError):
        yield f"{INDEX} has no weight_map, wanted a map from tensors to files; fetch it again"
    except DamagedFile as problem:
        yield str(problem)
