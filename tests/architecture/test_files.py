"""The house rules for files: short, documented, named for what they hold."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("finloom", "flows", "services", "tasks", "blocks", "infra", "datasets_registry")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
EVERYTHING = sorted([*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
WRITTEN_SMALL = ("verl", "vLLM", "llama-server")
"""Tools whose names begin with a small letter, also where a sentence begins with them."""

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
HEAVY = ("faiss", "torch", "jnius", "pyserini", "vllm", "verl", "swift", "distributed", "bm25s", "numba")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_lines(function: ast.FunctionDef) -> int:
    """The lines of a function without its docstring, which is the form of a flow in the Prefect UI."""
    first, last = function.body[0], function.body[-1]
    documented = ast.get_docstring(function) is not None
    words = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (last.end_lineno or last.lineno) - function.lineno + 1 - words


@pytest.mark.parametrize("path", EVERYTHING, ids=name)
def test_no_file_is_over_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_function_is_over_50_lines(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    long = {node.name: code_lines(node) for node in functions}
    assert {function: lines for function, lines in long.items() if lines > 50} == {}


@pytest.mark.parametrize("path", [path for path in EVERYTHING if path.name != "__init__.py"], ids=name)
def test_every_module_says_what_it_is(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring
    assert docstring[0].isupper() or docstring[0] in "`'\"" or docstring.startswith(WRITTEN_SMALL)


def test_init_files_are_empty() -> None:
    assert [name(path) for path in SOURCES if path.name == "__init__.py" and path.read_text()] == []


def test_nothing_is_called_after_nothing() -> None:
    assert [
        name(path) for path in SOURCES if FORBIDDEN_NAMES & set(path.relative_to(ROOT).with_suffix("").parts)
    ] == []


def test_every_package_folder_is_a_package() -> None:
    assert [name(path) for path in SOURCES if not (path.parent / "__init__.py").exists()] == []


def loaded_by(statement: str, modules: tuple[str, ...]) -> list[str]:
    """Those of some modules that a statement loads in a fresh process."""
    program = f"import sys\n{statement}\nprint(*(m for m in {modules} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.split()


def test_importing_the_flows_loads_nothing_heavy() -> None:
    assert loaded_by("import flows.research_factory, flows.refresh_index", HEAVY) == []


def test_the_command_line_does_not_load_prefect_before_its_address_is_set() -> None:
    assert loaded_by("import finloom.main", ("prefect",)) == []


def test_a_worker_process_does_not_load_the_command_line() -> None:
    """It reads the first module of the process that spawned it, which is where the command `finloom` starts."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"finloom": "finloom.__main__:main"}
    assert loaded_by("import finloom.__main__", ("finloom.main", "typer", "pydantic", "boto3")) == []


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_pattern_is_possessive(path: Path) -> None:
    """Python before 3.11.4 steps over a character too many in them, so results would depend on the patch release."""
    assert re.findall(r"[\])}\w]\+\+[^,\s]|\*\+|\?\+|\(\?>", path.read_text()) == []
