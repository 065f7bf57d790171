"""Tools are found while they are what the project has locked, and never otherwise."""

import hashlib
import re
from pathlib import Path

import pytest

from blocks.home import home
from tasks.runtime import tools
from tasks.runtime.tools import (
    MARKER,
    Marker,
    Mismatch,
    ToolProblem,
    find_tool,
    mismatches,
    read_pins,
    tool_names,
    tools_folder,
)

LOCK = """# a comment==9
Some.Package==1.0
    # via torch==8
torch==2.13.0
old_name==0.5b1 \\
    --hash=sha256:aaaa==
windows-only==3 ; sys_platform == "win32"
"""
PACKAGES = ("some_package-1.0", "torch-2.13.0+cpu", "old_name-0.5b1", "windows_only-3", "extra-7")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment `demo` as an installation leaves it; only names are read, so files are empty."""
    monkeypatch.setattr(tools, "REQUIREMENTS", tmp_path / "requirements")
    monkeypatch.setenv("FINLOOM_TOOLS", str(tmp_path / "tools"))
    lock = tmp_path / "requirements" / "demo" / "cpu.txt"
    lock.parent.mkdir(parents=True)
    lock.write_text(LOCK)
    folder = tmp_path / "tools" / "demo"
    for package in PACKAGES:
        (folder / "lib/python3.11/site-packages" / f"{package}.dist-info").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").touch()
    marker = Marker(variant="cpu", lock=hashlib.sha256(LOCK.encode()).hexdigest())
    (folder / MARKER).write_text(marker.model_dump_json())
    return folder


def rename(folder: Path, old: str, new: str) -> None:
    packages = folder / "lib/python3.11/site-packages"
    (packages / f"{old}.dist-info").rename(packages / f"{new}.dist-info")


def test_an_environment_as_locked_is_found_with_its_programs(folder: Path) -> None:
    tool = find_tool("demo")
    assert (tool.name, tool.variant, tool.folder) == ("demo", "cpu", folder)
    assert tool.lock == hashlib.sha256(LOCK.encode()).hexdigest()
    assert tool.program("python") == folder / "bin" / "python"


def test_pins_are_read_by_canonical_name_without_comments_and_hashes(tmp_path: Path) -> None:
    assert read_pins(tmp_path / "requirements/demo/cpu.txt") == {
        "some-package": "1.0",
        "torch": "2.13.0",
        "old-name": "0.5b1",
        "windows-only": "3",
    }


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("torch-2.13.0+cpu", "torch-2.13.1+cpu", "torch 2.13.1+cpu instead of 2.13.0"),
        ("some_package-1.0", "some_package-0.9", "some-package 0.9 instead of 1.0"),
        ("old_name-0.5b1", "new_name-0.5b1", "old-name missing instead of 0.5b1"),
    ],
)
def test_an_upgrade_a_downgrade_and_a_loss_are_named(folder: Path, old: str, new: str, sentence: str) -> None:
    rename(folder, old, new)
    with pytest.raises(ToolProblem, match=re.escape(sentence) + ".*run `finloom tools install demo`"):
        find_tool("demo")


def test_two_versions_of_a_package_are_wrong_although_one_is_right(folder: Path) -> None:
    (folder / "lib/python3.11/site-packages/torch-2.12.0.dist-info").mkdir()
    assert list(mismatches(folder, {"torch": "2.13.0"})) == [
        Mismatch("torch", "2.12.0 and 2.13.0+cpu", "2.13.0")
    ]


def test_a_lock_with_a_label_wants_that_label(folder: Path) -> None:
    assert list(mismatches(folder, {"torch": "2.13.0+cpu"})) == []
    assert list(mismatches(folder, {"torch": "2.13.0+cu130"})) != []


def test_a_changed_lock_file_means_that_the_environment_is_not_the_one(tmp_path: Path) -> None:
    (tmp_path / "requirements/demo/cpu.txt").write_text(LOCK + "more==1\n")
    with pytest.raises(ToolProblem, match=r"is not the one that infra/tools/demo/cpu\.txt describes"):
        find_tool("demo")


@pytest.mark.parametrize("loss", [MARKER, "bin/python"])
def test_an_environment_without_its_marker_or_its_python_is_not_installed(folder: Path, loss: str) -> None:
    (folder / loss).unlink()
    with pytest.raises(
        ToolProblem, match=r"demo environment is not installed at .*: run `finloom tools install demo`"
    ):
        find_tool("demo")


@pytest.mark.parametrize("text", ["", "{", '{"format": 2, "variant": "cpu", "lock": ""}'])
def test_a_marker_that_cannot_be_read_is_no_marker(folder: Path, text: str) -> None:
    (folder / MARKER).write_text(text)
    with pytest.raises(ToolProblem, match="not installed"):
        find_tool("demo")


@pytest.mark.parametrize("name", ["dmeo", "../demo", ""])
def test_an_unknown_tool_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ToolProblem, match="finloom knows demo"):
        find_tool(name)


def test_tools_are_in_the_home_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FINLOOM_TOOLS")
    assert tools_folder() == home() / "tools"


def test_only_folders_with_a_lock_file_are_tools(tmp_path: Path) -> None:
    (tmp_path / "requirements" / "draft").mkdir()
    assert tool_names() == ["demo"]
