"""YAML files become hydra overrides: filled, laid over each other, spelled as hydra's grammar wants it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.runtime.tools import Tool
from tasks.verl.command import Value, environment, overrides, resumption, spelled

HYDRA_READS = """
import json, sys
from hydra.core.override_parser.overrides_parser import OverridesParser
for text in json.load(sys.stdin):
    print(json.dumps(OverridesParser.create().parse_override(f"a.b={text}").value()))
"""
VALUES: list[Value] = [
    True,
    42,
    1e-05,
    "word",
    "a/path-1.2/of+this:kind",
    "pkg://tasks.grpo.programs.reward",
    "two words",
    'it\'s, {so} [it] = "is"',
    '{{ "<|im_start|>" + role + "\\n" }}',
    ["console", "file"],
    {"format": 0.5, "answer": 1.0},
]


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, "utf-8")


def test_values_are_filled_in_and_null_takes_an_override_away(tmp_path: Path) -> None:
    write(tmp_path, "command.yaml", 'a.lr: "{rate}"\na.on: true\n+a.new: [x, y]\na.gone: null\n')
    assert overrides(tmp_path, "cuda", {"rate": 0.1}) == ("a.lr=0.1", "a.on=True", "+a.new=[x,y]")


def test_the_settings_without_a_gpu_are_laid_over(tmp_path: Path) -> None:
    write(tmp_path, "command.yaml", "a: 1\nb: 2\nc: 3\n")
    write(tmp_path, "on_cpu.yaml", "b: null\nc: 4\nd: 5\n")
    assert overrides(tmp_path, "cpu", {}) == ("a=1", "c=4", "d=5")
    assert overrides(tmp_path, "cuda", {}) == ("a=1", "b=2", "c=3")


def test_a_setting_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "command.yaml", 'a: "{missing}"\n')
    with pytest.raises(KeyError, match="missing"):
        overrides(tmp_path, "cuda", {})


def test_a_training_goes_on_from_a_named_checkpoint_or_starts_afresh() -> None:
    assert resumption(None) == ("trainer.resume_mode=disable",)
    assert resumption("checkpoints/global_step_4")[1] == "trainer.resume_from_path=checkpoints/global_step_4"


def test_only_without_a_gpu_is_verl_given_a_platform() -> None:
    assert "VERL_PLATFORM" not in environment("cuda", ("plugin",))
    assert environment("cpu", ("plugin",))["VERL_USE_EXTERNAL_MODULES"].endswith(",plugin")


@pytest.mark.verl
def test_hydra_reads_what_was_spelled(tool: Callable[[str], Tool]) -> None:
    python = tool("verl").program("python")
    texts = json.dumps([spelled(value) for value in VALUES])
    read = subprocess.run(
        [str(python), "-c", HYDRA_READS], input=texts, capture_output=True, text=True, check=True
    )
    assert [json.loads(line) for line in read.stdout.splitlines()] == VALUES
