"""`finloom data`: the catalog of data sets and models, and what of it is on this machine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from blocks import acquire
from blocks.holdings import Held, NotHeld, all_held, damaged, held, is_complete, read_held
from blocks.hub import HubProblem
from datasets_registry.entries import CatalogEntry, UnknownEntry, find, load_catalog
from finloom.output import fail, print_json

app = typer.Typer(name="data", help="Data sets and models that finloom knows.", no_args_is_help=True)

HubName = Literal["huggingface", "modelscope"]
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
    """List the catalog and say what of it is on this machine."""
    entries = [entry for entry in load_catalog().values() if kind is None or entry.kind == kind]
    present = all_held()
    if as_json:
        print_json([_as_json(entry) | {"here": _held_as_json(present.get(entry.name))} for entry in entries])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "kind", "licence", "access", "here", "used by"):
        table.add_column(heading, no_wrap=heading in ("name", "here"))
    for entry in entries:
        here, licence = _held_as_text(present.get(entry.name)), entry.licence or "unknown"
        table.add_row(entry.name, entry.kind, licence, entry.access, here, " ".join(entry.used_by))
    Console(markup=False, highlight=False).print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A name or alias of the catalog.")], as_json: Json = False
) -> None:
    """Show everything that is known about one entry."""
    entry = _find(name)
    known = all_held().get(entry.name)
    if as_json:
        print_json(_as_json(entry) | {"here": _held_as_json(known)})
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for key, value in (_as_json(entry) | {"here": _held_as_text(known) or "no"}).items():
        table.add_row(key, _readable(value))
    Console(markup=False, highlight=False).print(table)


@app.command()
def get(
    name: Annotated[str, typer.Argument(help="A name, alias or hub id of the catalog.")],
    hub: Annotated[HubName | None, typer.Option(help="From where; else the catalog's hub.")] = None,
    revision: Annotated[
        str | None, typer.Option(help="A branch, tag or commit; else the catalog's, else the main branch.")
    ] = None,
    update: Annotated[bool, typer.Option("--update", help="Ask the hub for a newer version.")] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Fetch nothing; read every byte that is here against its checksum."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Download a data set or model, verified; the same command goes on where a broken one stopped.

    HF_ENDPOINT and MODELSCOPE_ENDPOINT name mirrors of the hubs; HF_TOKEN opens gated repositories.
    """
    entry = _find(name)
    try:
        found = _verified(entry.name) if verify else _downloaded(entry, hub, revision, update)
    except (HubProblem, NotHeld) as error:
        other = (
            "; ModelScope has it too: --hub modelscope" if entry.source.mirror and not (hub or verify) else ""
        )
        fail(f"{error}{other}")
    if as_json:
        print_json(_held_as_json(found))
    else:
        typer.echo(f"{found.name}: {found.folder}")
        typer.echo(f"{len(found.files)} files, {decimal(found.bytes)}, revision {found.revision[:12]}")


def _find(name: str) -> CatalogEntry:
    try:
        return find(name)
    except UnknownEntry as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _verified(name: str) -> Held:
    found = read_held(name) or held(name)
    if problems := damaged(found):
        fail(
            "\n".join(problems)
            + f"\n{len(problems)} of {len(found.files)} files of {name} are damaged; "
            + f"delete them and run `finloom data get {name}`, which fetches only what is missing"
        )
    return found


def _downloaded(entry: CatalogEntry, hub: HubName | None, revision: str | None, update: bool) -> Held:
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    licence = entry.licence or "unknown, so treat it as not permitted"
    with _progress(console) as (started, on_bytes):

        def announce(plan: acquire.Plan) -> None:
            console.print(
                f"{plan.snapshot.repository} ({plan.snapshot.hub}, {plan.snapshot.commit[:12]}): "
                f"{len(plan.files)} files, {decimal(plan.bytes)}, of which {decimal(plan.here)} are here; "
                f"licence: {licence}"
            )
            if plan.left_out:
                console.print(f"left out: {', '.join(plan.left_out)}")
            started(plan.bytes)

        return acquire.get(entry, hub, revision, update=update, announce=announce, on_bytes=on_bytes)


@contextmanager
def _progress(console: Console) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """A bar on a terminal, nothing without one; yields who to tell of the total and who of every piece."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield (
            lambda total: bar.update(task, total=total, visible=True),
            lambda count: bar.advance(task, count),
        )


def _held_as_json(known: Held | None) -> dict[str, object] | None:
    if known is None:
        return None
    return known.model_dump(mode="json") | {"folder": str(known.folder), "complete": is_complete(known)}


def _held_as_text(known: Held | None) -> str:
    if known is None:
        return ""
    return f"{decimal(known.bytes)} @{known.revision[:7]}" if is_complete(known) else "incomplete"


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
