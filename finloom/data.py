"""`finloom data`: the catalog of data sets and models."""

import sys
from enum import StrEnum
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from datasets_registry.entries import CatalogEntry, UnknownEntry, find, load_catalog

app = typer.Typer(name="data", help="Data sets and models that finloom knows.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="JSON for machines.")]


class Kind(StrEnum):
    """What an entry is."""

    DATASET = "dataset"
    MODEL = "model"


@app.callback()
def data() -> None:
    """Data sets and models that finloom knows, where they come from and under which terms."""


@app.command("list")
def list_entries(
    kind: Annotated[Kind | None, typer.Option(help="Only data sets or only models.")] = None,
    as_json: Json = False,
) -> None:
    """List the catalog."""
    entries = [entry for entry in load_catalog().values() if kind is None or entry.kind == kind]
    if as_json:
        _print_json([_as_json(entry) for entry in entries])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "kind", "licence", "access", "used by"):
        table.add_column(heading, no_wrap=heading == "name")
    for entry in entries:
        table.add_row(
            entry.name, entry.kind, entry.licence or "unknown", entry.access, " ".join(entry.used_by)
        )
    Console(markup=False, highlight=False).print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A name or alias of the catalog.")], as_json: Json = False
) -> None:
    """Show everything that is known about one entry."""
    try:
        entry = find(name)
    except UnknownEntry as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if as_json:
        _print_json(_as_json(entry))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for key, value in _as_json(entry).items():
        table.add_row(key, _readable(value))
    Console(markup=False, highlight=False).print(table)


def _as_json(entry: CatalogEntry) -> dict[str, object]:
    return entry.model_dump(mode="json", by_alias=True)


def _readable(value: object) -> str:
    match value:
        case None:
            return "unknown"
        case list():
            return "\n".join(map(str, value)) or "-"
        case dict():
            return (
                "\n".join(f"{key}: {inner}" for key, inner in value.items() if inner not in (None, [], {}))
                or "unknown"
            )
    return str(value) or "-"


def _print_json(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
