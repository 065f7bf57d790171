"""`finloom tools`: the heavy tools (ms-swift, verl, vLLM, ...), each in an environment of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from finloom.output import WrongUse, fail, print_json, progress
from infra import tool_environments
from infra.state import Report
from tasks.runtime.tools import ToolProblem, Variant, tool_names, tools_folder

app = typer.Typer(name="tools", help="Heavy tools, each in an environment of its own.", no_args_is_help=True)

ALL = "all"
STATES = {"installed": "installed", "absent": "not installed", "wrong": "not as locked"}
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.callback()
def tools() -> None:
    """Heavy tools, each in an environment of its own, built from the versions that the project has locked."""


@app.command()
def install(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Tools of `finloom tools list`, or all.")
    ],
    variant: Annotated[
        Variant | None, typer.Option(help="Without it: gpu where nvidia-smi shows one.")
    ] = None,
    wheelhouse: Annotated[
        Path | None, typer.Option("--from", help="Folder of wheels; the network is not used.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Install tools, or bring them to the locked versions; safe to repeat, and to go on after an interruption."""
    if wheelhouse is not None and not wheelhouse.is_dir():
        raise WrongUse(f"there is no folder {wheelhouse} to install from")
    installed = []
    with _progress("installing") as report:
        for name in _known(names):
            folder = wheelhouse.resolve() if wheelhouse else None
            installed.append(tool_environments.install(name, variant, folder, report))
    if as_json:
        print_json(
            [
                {"name": tool.name, "variant": tool.variant, "folder": str(tool.folder), "lock": tool.lock}
                for tool in installed
            ]
        )


@app.command("list")
def list_tools(as_json: Json = False) -> None:
    """Show which tools there are, how large they are, and which are installed."""
    best = tool_environments.best_variant()
    found = [tool_environments.look(name, best) for name in tool_names()]
    if as_json:
        print_json([_as_json(tool) for tool in found])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("tool", "version", "for", "size", "state", "what"):
        table.add_column(heading, no_wrap=heading != "what")
    for tool in found:
        size = f"{tool.gib:g} GiB"
        table.add_row(tool.name, tool.pin, tool.variant, size, STATES[tool.condition], tool.title)
    console = Console(markup=False, highlight=False)
    console.print(table)
    for tool in found:
        if tool.condition == "wrong":
            console.print(tool.problem, soft_wrap=True)


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Tools to delete, or all.")],
    as_json: Json = False,
) -> None:
    """Delete tools; what was downloaded stays in uv's cache."""
    with _progress("removing") as report:
        removed = [name for name in _known(names) if tool_environments.remove(name, report)]
    if as_json:
        print_json({"removed": removed})
    else:
        typer.echo(f"removed {', '.join(removed)}" if removed else "nothing was installed")


def _known(names: list[str]) -> list[str]:
    known = tool_names()
    if unknown := [name for name in names if name not in (*known, ALL)]:
        raise WrongUse(f"there is no tool {unknown[0]!r}: finloom knows {', '.join(known)}")
    return known if ALL in names else list(dict.fromkeys(names))


def _as_json(tool: tool_environments.Found) -> dict[str, object]:
    return {
        "name": tool.name,
        "title": tool.title,
        "condition": tool.condition,
        "variant": tool.variant,
        "pin": tool.pin,
        "gib": tool.gib,
        "folder": str(tools_folder() / tool.name),
        "problem": tool.problem,
    }


@contextmanager
def _progress(title: str) -> Iterator[Report]:
    """Show lines on standard error; a tool's problem, or a disk's, is one sentence."""
    try:
        with progress(title, ToolProblem) as report:
            yield report
    except OSError as error:
        fail(f"{error.filename or tools_folder()} cannot be used: {error.strerror}")
