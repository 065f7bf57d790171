"""A very small model, made by the real program in the environment that trains it here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.runtime.programs import Program, run_program
from tasks.runtime.tools import Tool
from tests.tasks.checkpoints.conftest import tiny_arguments


@pytest.fixture(scope="session")
def tiny_model(tool: Callable[[str], Tool], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Qwen3 that has learnt next to nothing."""
    tool("swift")
    folder = tmp_path_factory.mktemp("tiny")
    program = Program("swift", tuple(tiny_arguments(folder)), {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})
    run_program(program, folder, folder / "log", lambda line: None)
    return folder / "model"
