"""Files as trainers write them, made without their libraries, and a tiny model made with them."""

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson
import pytest

from tasks.checkpoints.config import TinyConfig
from tasks.checkpoints.tasks import TEMPLATE
from tasks.checkpoints.text import reading
from tasks.runtime.programs import Program, run_program
from tasks.runtime.tools import Tool

SMALL = TinyConfig(documents=400, conversations=150, vocabulary=1024, layers=1, context=64, steps=6, batch=4)


def safetensors(tensors: Mapping[str, int]) -> bytes:
    """A safetensors file of uint8 tensors, by name and length."""
    header, at = {}, 0
    for name, length in tensors.items():
        header[name] = {"dtype": "U8", "shape": [length], "data_offsets": [at, at + length]}
        at += length
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(range(256)) * (at // 256) + bytes(at % 256)


def write_zip(path: Path, data: bytes = b"\x00\x01\x02" * 300) -> None:
    """A file of PyTorch's form: a zip archive whose members are stored as they are."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"never to be unpickled")
        archive.writestr("archive/data/0", data)


def write_model(folder: Path) -> Path:
    """The least that is a model folder."""
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(safetensors({"a": 300, "b": 40}))
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_text('{"model_type": "qwen3"}')
    return folder


ADAPT = """
import sys, torch
from pathlib import Path
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
base, out, scale = sys.argv[1:]
torch.manual_seed(1)
config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
for name, parameter in model.named_parameters():
    if "lora_B" in name:
        torch.nn.init.normal_(parameter, std=float(scale))
model.save_pretrained(out)
"""
"""Makes an adapter as a trainer saves it, its B matrices of a given size."""

RunVerl = Callable[..., list[str]]


@pytest.fixture(scope="session")
def run_verl(tool: Callable[[str], Tool]) -> RunVerl:
    """Run a program of the verl environment in a folder; returns what it wrote."""
    tool("verl")

    def run(folder: Path, *argv: str) -> list[str]:
        lines: list[str] = []
        run_program(Program("verl", argv, env={"HF_HUB_OFFLINE": "1"}), folder, folder / "log", lines.append)
        return lines

    return run


def tiny_arguments(folder: Path, config: TinyConfig = SMALL) -> list[str]:
    """The command that makes a tiny model in `folder / "model"`, its text written."""
    rows = reading(config.seed, config.documents, config.conversations)
    (folder / "text.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    numbers = config.model_dump(exclude={"documents", "conversations"})
    return [
        *("python", "-m", "tasks.checkpoints.programs.make_tiny", f"--text={folder / 'text.jsonl'}"),
        *(f"--template={TEMPLATE}", f"--work={folder}", f"--out={folder / 'model'}"),
        *(f"--{name.replace('_', '-')}={value}" for name, value in numbers.items()),
    ]


@pytest.fixture(scope="session")
def tiny(run_verl: RunVerl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a very small model that the real program made."""
    folder = tmp_path_factory.mktemp("tiny")
    run_verl(folder, *tiny_arguments(folder))
    return folder / "model"


@pytest.fixture(scope="session")
def adapter(tiny: Path, run_verl: RunVerl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an adapter that changes the tiny model."""
    folder = tmp_path_factory.mktemp("adapter")
    run_verl(folder, "python", "-c", ADAPT, str(tiny), str(folder / "adapter"), "0.05")
    return folder / "adapter"
