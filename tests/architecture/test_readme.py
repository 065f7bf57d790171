"""The README's tree lists every file with the first sentence of its docstring; `make golden` rewrites it."""

import ast
import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BEGIN, END = "<!-- tree: written by `make golden` -->\n```\n", "```\n<!-- end of tree -->"
FOLDERS = ("flows", "services", "tasks", "blocks", "datasets_registry", "infra", "finloom", "benchmarks")
LONGEST = 118


def first_sentence(path: Path) -> str:
    docstring = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n")[0]
    return " ".join(docstring.split())


def tree() -> str:
    lines = []
    for folder in FOLDERS:
        for path in sorted(
            (ROOT / folder).rglob("*.py"), key=lambda path: (path.parent.as_posix(), path.name)
        ):
            if path.name != "__init__.py":
                line = f"{path.relative_to(ROOT).as_posix():44}{first_sentence(path)}"
                lines.append(line if len(line) <= LONGEST else line[: LONGEST - 1].rsplit(" ", 1)[0] + " …")
    return "\n".join(lines) + "\n"


def test_the_tree_is_true() -> None:
    text = README.read_text()
    head, rest = text.split(BEGIN)
    found, tail = rest.split(END)
    if os.environ.get("FINLOOM_GOLDEN") == "rewrite":
        README.write_text(head + BEGIN + tree() + END + tail)
        return
    assert found == tree(), "a file was added, removed or renamed; run `make golden`"


def test_both_readmes_name_the_two_commands() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        opening = (ROOT / name).read_text()[:3000]
        assert "make run" in opening
        assert "make test" in opening
