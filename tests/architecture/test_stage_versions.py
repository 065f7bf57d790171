"""A stage whose code or words changed must have a new VERSION, or its old cached results would be served as new.

`make golden` writes `stage_versions.json` anew after the VERSION of the stage was raised.
"""

import ast
import hashlib
import importlib
import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "stage_versions.json"
PACKAGES = ("tasks", "datasets_registry")
STAGES = sorted(path.parent.name for path in (ROOT / "tasks").glob("*/tasks.py"))
# How a step runs does not change what it makes; the sample is an input, known by its content.
OUTSIDE = (
    "datasets_registry.sample.generate",
    "tasks.runtime.steps",
    "tasks.runtime.progress",
    "tasks.runtime.lease",
    "tasks.runtime.live",
    "tasks.runtime.programs",
    "tasks.runtime.routing",
    "tasks.runtime.terminal",
    "tasks.runtime.tools",
    "tasks.runtime.workplace",
)


def module_path(module: str) -> Path | None:
    path = ROOT / Path(*module.split("."))
    if path.with_suffix(".py").exists():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").exists() else None


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {module for module in found if module.split(".")[0] in PACKAGES and module_path(module)}


def closure(stage: str) -> list[Path]:
    """The modules of a stage, all of ours that they import, and the programs beside them that tools run."""
    waiting, seen = [f"tasks.{stage}.tasks"], set()
    while waiting:
        module = waiting.pop()
        path = module_path(module)
        if module not in seen and path and module not in OUTSIDE:
            seen.add(module)
            waiting.extend(imports(path))
            package = module.rpartition(".")[0]
            waiting.extend(
                f"{package}.programs.{program.stem}" for program in path.parent.glob("programs/*.py")
            )
    return sorted({path for module in seen if (path := module_path(module)) and path.name != "__init__.py"})


def without_words(tree: ast.AST) -> str:
    """The syntax tree without docstrings and comments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def other_files(paths: list[Path]) -> list[Path]:
    """Dictionaries, wording and templates beside the modules of a stage."""
    folders = {path.parent for path in paths if path.parent.name != "datasets_registry"}
    folders |= (
        {ROOT / "datasets_registry" / "lexicon"} if any(path.name == "words.py" for path in paths) else set()
    )
    found = {
        file
        for folder in folders
        for ending in ("*.yaml", "*.txt", "*.j2", "*.jinja")
        for file in folder.rglob(ending)
    }
    return sorted(found)


def fingerprint(stage: str) -> str:
    paths = closure(stage)
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(ROOT)}\n{without_words(ast.parse(path.read_text()))}\n".encode())
    for path in other_files(paths):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def present() -> dict[str, dict[str, str]]:
    return {
        stage: {
            "version": importlib.import_module(f"tasks.{stage}.tasks").VERSION,
            "fingerprint": fingerprint(stage),
        }
        for stage in STAGES
    }


@pytest.fixture(scope="module")
def golden() -> dict[str, dict[str, str]]:
    """What was recorded, written anew first where `make golden` asks for it."""
    if os.environ.get("FINLOOM_GOLDEN") == "rewrite":
        GOLDEN.write_text(json.dumps(present(), indent=2) + "\n")
    recorded: dict[str, dict[str, str]] = json.loads(GOLDEN.read_text())
    return recorded


@pytest.mark.parametrize("stage", STAGES)
def test_a_changed_stage_has_a_new_version(stage: str, golden: dict[str, dict[str, str]]) -> None:
    assert present()[stage] == golden.get(stage), (
        f"tasks/{stage} or what it imports changed. If its results can change, raise VERSION in "
        f"tasks/{stage}/tasks.py; then run `make golden`"
    )


def test_a_comment_or_docstring_does_not_count_but_an_expression_does() -> None:
    before = without_words(ast.parse('"""Old."""\nx = 1  # old\n'))
    assert without_words(ast.parse('"""New."""\nx = 1  # new\n')) == before
    assert without_words(ast.parse('"""Old."""\nx = 2\n')) != before
