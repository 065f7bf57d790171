"""Tiny models, and GGUF files made from them by the real tools, once for all tests."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from blocks.home import CHECKOUT
from tasks.release.config import GgufConfig
from tasks.release.gguf import convert_program, file_name, quantise_program
from tasks.runtime.programs import run_program
from tasks.runtime.tools import Tool

TEMPLATE = CHECKOUT / "tasks" / "checkpoints" / "chat.jinja"
MAKER = CHECKOUT / "tests" / "fakes" / "tiny_qwen3.py"

MakeModel = Callable[[int], Path]


@pytest.fixture(scope="session")
def tiny_qwen3(tool: Callable[[str], Tool], tmp_path_factory: pytest.TempPathFactory) -> MakeModel:
    """Make a random Qwen3 of a given width, and return its folder."""
    made: dict[int, Path] = {}

    def make(hidden: int) -> Path:
        python = tool("gguf").program("python")
        if hidden not in made:
            made[hidden] = tmp_path_factory.mktemp("tiny") / f"hidden-{hidden}"
            command = [
                *(str(python), str(MAKER), str(made[hidden]), str(hidden)),
                *(str(TEMPLATE), str(CHECKOUT / "README.zh-CN.md")),
            ]
            variables = os.environ | {"PYTHONPATH": str(CHECKOUT), "HF_HUB_OFFLINE": "1"}
            subprocess.run(command, check=True, env=variables, capture_output=True)
        return made[hidden]

    return make


@pytest.fixture(scope="session")
def gguf_files(tiny_qwen3: MakeModel, tmp_path_factory: pytest.TempPathFactory) -> MakeModel:
    """Convert and quantise a tiny model of a given width, and return the folder of its files."""
    made: dict[int, Path] = {}

    def make(hidden: int) -> Path:
        if hidden not in made:
            folder = made[hidden] = tmp_path_factory.mktemp("gguf")
            original = folder / file_name("f16")
            programs = [
                convert_program(tiny_qwen3(hidden), original, "tiny", GgufConfig()),
                quantise_program(original, folder / file_name("Q8_0"), "Q8_0"),
                quantise_program(original, folder / file_name("Q4_K_M"), "Q4_K_M"),
            ]
            for program in programs:
                run_program(program, folder, folder / "log", lambda line: None)
        return made[hidden]

    return make
