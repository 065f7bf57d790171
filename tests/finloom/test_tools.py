"""`finloom tools` from the outside: JSON for machines, one sentence for what went wrong, the right exit code."""

import json
import subprocess
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from finloom import stack
from finloom.output import WrongUse
from finloom.tools import app
from tasks.runtime import tools
from tests.fakes.wheelhouse import LOCK, TOOL, write_requirements, write_wheelhouse


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tools, lock files and uv's cache of this test's own."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FINLOOM_TOOLS", str(tmp_path / "tools"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(tools, "REQUIREMENTS", write_requirements(tmp_path / "requirements"))
    return tmp_path / "tools"


@pytest.fixture
def wheels(tmp_path: Path) -> str:
    return str(write_wheelhouse(tmp_path / "wheels"))


def doctor() -> tuple[int, dict[str, object]]:
    """The exit code of `finloom doctor`, and what it says about the tool."""
    verbs = typer.Typer()
    verbs.command()(stack.doctor)
    result = CliRunner().invoke(verbs, ["--json"])
    checks = json.loads(result.stdout)["checks"]
    return result.exit_code, next(check for check in checks if check["name"] == f"tool {TOOL}")


def test_install_list_and_remove_as_json(wheels: str, place: Path) -> None:
    made = CliRunner().invoke(app, ["install", "all", "--variant", "cpu", "--from", wheels, "--json"])
    assert made.exit_code == 0, made.stderr
    (tool,) = json.loads(made.stdout)
    assert (tool["name"], tool["variant"], tool["folder"]) == (TOOL, "cpu", str(place / TOOL))
    (listed,) = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)
    assert (listed["condition"], listed["pin"], listed["problem"]) == ("installed", "demo-tool 1.0", "")
    removed = CliRunner().invoke(app, ["remove", TOOL, "--json"])
    assert json.loads(removed.stdout) == {"removed": [TOOL]}
    assert "nothing was installed" in CliRunner().invoke(app, ["remove", TOOL]).stdout


def test_the_list_for_people_says_what_is_there_and_what_is_wrong(wheels: str, tmp_path: Path) -> None:
    assert "not installed" in CliRunner().invoke(app, ["list"]).stdout
    CliRunner().invoke(app, ["install", TOOL, "--variant", "cpu", "--from", wheels])
    write_requirements(tmp_path / "requirements", LOCK.replace("2.1", "2.2"))
    shown = CliRunner().invoke(app, ["list"]).stdout
    assert "not as locked" in shown and "run `finloom tools install demo`" in shown


def test_progress_goes_to_standard_error_with_size_and_time(wheels: str) -> None:
    result = CliRunner().invoke(app, ["install", TOOL, "--variant", "cpu", "--from", wheels])
    assert result.stdout == ""
    assert "about 0.001 GiB to install" in result.stderr
    assert " s, 0.0 of about 0.001 GiB)" in result.stderr


def test_a_failure_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(app, ["install", TOOL, "--from", str(tmp_path / "empty")])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith(
        "finloom: the demo environment could not be installed: uv"
    )


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, wheels: str) -> None:
    (tmp_path / "tools").touch()
    result = CliRunner().invoke(app, ["install", TOOL, "--from", wheels])
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1 and str(tmp_path / "tools") in result.stderr


@pytest.mark.parametrize(
    "arguments", [["install", "nope"], ["remove", "nope"], ["install", TOOL, "--from", "no"]]
)
def test_unknown_names_and_folders_are_wrong_use(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, WrongUse)


def test_the_doctor_shrugs_at_an_absent_tool_and_fails_at_a_silent_upgrade(wheels: str, place: Path) -> None:
    code, check = doctor()
    assert (code, check["good"], check["required"]) == (0, False, False)
    assert (check["found"], check["fix"]) == ("not installed (optional)", "finloom tools install demo")
    CliRunner().invoke(app, ["install", TOOL, "--variant", "cpu", "--from", wheels])
    code, check = doctor()
    assert (code, check["found"]) == (0, "demo-tool 1.0 (cpu)")
    packages = next((place / TOOL / "lib").glob("python*/site-packages"))
    subprocess.run(
        ["mv", packages / "demo_part-2.1.dist-info", packages / "demo_part-2.2.dist-info"], check=True
    )
    code, check = doctor()
    assert (code, check["required"]) == (1, True)
    assert "demo-part 2.2 instead of 2.1" in str(check["found"])
