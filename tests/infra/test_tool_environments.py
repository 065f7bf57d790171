"""Tool environments for real: built by uv from tiny wheels, whole or not at all, whatever happens in between."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra import tool_environments
from infra.tool_environments import best_variant, install, look, remove
from infra.uv import UvProblem, find_uv
from tasks.runtime import tools
from tasks.runtime.tools import ToolProblem, find_tool
from tests.fakes.registry import Registry, registry
from tests.fakes.wheelhouse import LOCK, TOOL, write_requirements, write_wheel, write_wheelhouse

PATIENCE = 60.0
PROGRAM = """
import sys
from pathlib import Path
from infra.tool_environments import install
from tasks.runtime import tools
tools.REQUIREMENTS = Path(sys.argv[1])
install("demo", "cpu")
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tools, lock files and uv's cache of this test's own; nothing of the machine's settings."""
    for name in ("UV_FIND_LINKS", "PIP_FIND_LINKS", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FINLOOM_TOOLS", str(tmp_path / "tools"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setattr(tools, "REQUIREMENTS", write_requirements(tmp_path / "requirements"))
    return tmp_path / "tools"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return write_wheelhouse(tmp_path / "wheels")


@pytest.fixture
def server(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    with registry(wheels) as server:
        monkeypatch.setenv("UV_DEFAULT_INDEX", server.index)
        yield server


def output(tool: tools.Tool) -> str:
    """What the tool's own program prints."""
    return subprocess.run([tool.program("demo")], capture_output=True, text=True, check=True).stdout.strip()


def remains(place: Path) -> set[str]:
    return {path.name for path in place.iterdir() if path.is_dir()}


def test_a_tool_is_installed_from_a_folder_of_wheels_as_locked(wheels: Path, place: Path) -> None:
    lines: list[str] = []
    tool = install(TOOL, "cpu", wheels, lines.append)
    assert find_tool(TOOL) == tool and tool.folder == place / TOOL
    assert output(tool) == "demo-tool 1.0"
    assert "0.001 GiB" in lines[0] and "GiB free" in lines[0]
    assert remains(place) == {TOOL}
    assert look(TOOL).condition == "installed" and look(TOOL).pin == "demo-tool 1.0"


def test_the_registry_is_asked_where_no_folder_is_given(server: Registry) -> None:
    assert output(install(TOOL, "cpu")) == "demo-tool 1.0"
    assert server.asked.is_set()


def test_wheels_on_disk_that_pip_knows_are_taken_for_the_cpu_but_not_for_the_gpu(
    tmp_path: Path, server: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As the CPU build of torch on disk: a label makes it the newer one, and it counts as the release that is locked.
    links = tmp_path / "links"
    links.mkdir()
    for version in ("1.0+cpu", "1.1+cpu"):
        write_wheel(links, "demo-tool", version, script="demo")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    assert output(install(TOOL, "cpu")) == "demo-tool 1.0+cpu"
    assert output(install(TOOL, "gpu")) == "demo-tool 1.1"


def test_the_size_counts_cuda_where_torch_can_only_come_from_the_registry(
    server: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_requirements(tmp_path / "requirements", LOCK + "torch==2.13.0\n")
    for links, size in (("", "3.801"), (str(tmp_path), "0.001")):
        monkeypatch.setenv("UV_FIND_LINKS", links)
        lines: list[str] = []
        with pytest.raises(ToolProblem, match="torch"):
            install(TOOL, "cpu", report=lines.append)
        assert f"about {size} GiB to install" in lines[0]


def test_installing_again_does_nothing(wheels: Path) -> None:
    before = install(TOOL, "cpu", wheels).folder.stat().st_ino
    lines: list[str] = []
    assert install(TOOL, "cpu", wheels, lines.append).folder.stat().st_ino == before
    assert lines == [f"{TOOL}: already installed at {find_tool(TOOL).folder}"]


def test_the_other_variant_replaces_it(wheels: Path) -> None:
    install(TOOL, "cpu", wheels)
    tool = install(TOOL, "gpu", wheels)
    assert tool.variant == "gpu" and output(tool) == "demo-tool 1.1"


def test_a_tool_without_packages_of_its_own_for_the_gpu_is_the_same_there(wheels: Path) -> None:
    (tools.REQUIREMENTS / TOOL / "gpu.txt").unlink()
    assert install(TOOL, "gpu", wheels).variant == "cpu"


def test_a_changed_lock_file_is_seen_and_followed(wheels: Path, tmp_path: Path) -> None:
    install(TOOL, "cpu", wheels)
    write_requirements(tmp_path / "requirements", LOCK.replace("2.1", "2.2"))
    assert look(TOOL).condition == "wrong"
    with pytest.raises(ToolProblem, match=r"infra/tools/demo/cpu\.txt .*finloom tools install demo"):
        find_tool(TOOL)
    install(TOOL, "cpu", wheels)
    assert look(TOOL).condition == "installed"


def test_a_package_that_was_changed_behind_our_back_is_named_and_mended(wheels: Path) -> None:
    python = install(TOOL, "cpu", wheels).program("python")
    change = [str(find_uv()), "pip", "install", "-q", "--python", str(python), "--no-index", "--no-deps"]
    subprocess.run([*change, "--find-links", str(wheels), "demo-part==2.2"], check=True)
    found = look(TOOL)
    assert found.condition == "wrong" and "demo-part 2.2 instead of 2.1" in found.problem
    install(TOOL, "cpu", wheels)
    assert look(TOOL).condition == "installed"


def test_kill_9_in_the_middle_leaves_nothing_to_be_found_and_the_next_one_succeeds(
    server: Registry, place: Path
) -> None:
    server.stall()
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tools.REQUIREMENTS)])
    assert server.asked.wait(PATIENCE)
    family = psutil.Process(child.pid).children(recursive=True)
    assert any(process.name() == "uv" for process in family)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert psutil.wait_procs(family, PATIENCE)[1] == []
    assert look(TOOL).condition == "absent" and remains(place) == {f".{TOOL}.building"}
    server.released.set()
    assert output(install(TOOL, "cpu")) == "demo-tool 1.0"
    assert remains(place) == {TOOL}


def test_a_second_installation_waits_for_the_first(server: Registry) -> None:
    server.stall()
    children = [subprocess.Popen([sys.executable, "-c", PROGRAM, str(tools.REQUIREMENTS)]) for _ in range(2)]
    assert server.asked.wait(PATIENCE)
    server.released.set()
    assert [child.wait(PATIENCE) for child in children] == [0, 0]
    assert look(TOOL).condition == "installed"


def test_what_was_there_stays_when_the_new_one_cannot_be_built(wheels: Path, tmp_path: Path) -> None:
    install(TOOL, "cpu", wheels)
    write_requirements(tmp_path / "requirements", LOCK.replace("2.1", "9.9"))
    with pytest.raises(ToolProblem, match=r"could not be installed: .*demo-part"):
        install(TOOL, "cpu", wheels)
    write_requirements(tmp_path / "requirements", LOCK)
    assert output(find_tool(TOOL)) == "demo-tool 1.0"


def test_no_network_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{free.getsockname()[1]}/simple")
        with pytest.raises(ToolProblem, match="the package registry does not answer") as problem:
            install(TOOL, "cpu")
    assert "\n" not in str(problem.value) and "--from" in str(problem.value)
    assert look(TOOL).condition == "absent"


def test_too_little_room_is_said_before_anything_is_fetched(wheels: Path, place: Path) -> None:
    (tools.REQUIREMENTS / TOOL / "tool.yaml").write_text("title: huge\ngib: {cpu: 9e9}\n")
    with pytest.raises(ToolProblem, match=r"needs about 9e\+09 GiB .* make room, or set FINLOOM_TOOLS"):
        install(TOOL, "cpu", wheels)
    assert remains(place) == set()


def test_a_disk_that_is_full_in_the_middle_is_one_sentence(
    wheels: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", place], check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        monkeypatch.setattr(tool_environments, "_check_room", lambda *_: None)
        with pytest.raises(ToolProblem, match="the disk is full: make room") as problem:
            install(TOOL, "cpu", wheels)
        assert "\n" not in str(problem.value)
        assert look(TOOL).condition == "absent"
    finally:
        subprocess.run(["umount", place], check=True)


def test_removal_leaves_nothing_and_may_be_repeated(wheels: Path, place: Path) -> None:
    install(TOOL, "cpu", wheels)
    (place / f".{TOOL}.building").mkdir()
    assert remove(TOOL)
    assert remains(place) == set() and look(TOOL).condition == "absent"
    assert not remove(TOOL)


def test_an_unknown_tool_is_refused_by_name() -> None:
    for use in (install, remove, look):
        with pytest.raises(ToolProblem, match=r"there is no tool '\.\./up': finloom knows demo"):
            use("../up")


def test_without_uv_the_sentence_says_where_to_get_it(
    tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("infra.uv.BOOTSTRAPPED", tmp_path / "uv")
    with pytest.raises(UvProblem, match="make setup"):
        find_uv()
    with pytest.raises(ToolProblem, match="make setup"):
        install(TOOL, "cpu", wheels)


def test_the_gpu_is_seen_by_nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: of tests'\n")
    program.chmod(0o755)
    assert best_variant() == "gpu"
    program.write_text("#!/bin/sh\necho 'no devices'; exit 6\n")
    assert best_variant() == "cpu"
