"""`finloom records --code 600519`: structured records of an index by code, name and day, with their input lines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from datasets_registry.records import JsonObject
from finloom.ask_server import ask_for_records
from finloom.output import WrongUse, print_json
from finloom.search import DEFAULT_NAME, open_published
from tasks.retrieval.filters import Filters, as_of_date
from tasks.retrieval.index import Index
from tasks.retrieval.record_table import LIMIT, Lookup


def records(
    code: Annotated[str | None, typer.Option(help="A code, such as 600519 or 600519.SH.")] = None,
    called: Annotated[str | None, typer.Option(help="The name of a security, in full.")] = None,
    day: Annotated[str | None, typer.Option("--date", help="Only rows of this day, YYYY-MM-DD.")] = None,
    first: Annotated[str | None, typer.Option(help="Only rows of this day or later.")] = None,
    last: Annotated[str | None, typer.Option(help="Only rows of this day or earlier.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Only rows known on or before YYYY-MM-DD.")] = None,
    limit: Annotated[int, typer.Option(help="How many rows at most, the latest ones.")] = LIMIT,
    name: Annotated[str, typer.Option(help="The index by its published name.")] = DEFAULT_NAME,
    server: Annotated[str | None, typer.Option(help="Ask a search server at this URL instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look up structured records (quotes, net values) of the index in force, here or on a server, the latest first.

    The key of a server that wants one is read from the variable FINLOOM_SEARCH_KEY.
    """
    lookup, known = wanted(code, called, day, first, last, as_of)
    rows: Sequence[Mapping[str, object]]
    if server is not None:
        asked = asdict(lookup) | {"as_of": known, "limit": limit}
        said = {field: str(value) for field, value in asked.items() if value is not None and field != "limit"}
        index, rows = ask_for_records(server, said | {"limit": limit})
    else:
        ref, opened = open_published(name)
        index, rows = ref.sha256, look_up(opened, lookup, known, limit)
    if as_json:
        print_json({"index": index, "records": rows})
    else:
        _show(rows)


def wanted(
    code: str | None,
    called: str | None,
    day: str | None,
    first: str | None,
    last: str | None,
    as_of: str | None,
) -> tuple[Lookup, date | None]:
    """Which rows the options as typed ask for, and as of when; refuses bad dates, and options that say nothing."""
    if day is not None and (first is not None or last is not None):
        raise WrongUse("--date is one day, --first and --last are the ends of several; give one or the other")
    try:
        begin, end, known = (
            None if text is None else as_of_date(text) for text in (day or first, day or last, as_of)
        )
        return Lookup(code, called, begin, end), known
    except ValueError as error:
        raise WrongUse(str(error)) from error


def look_up(index: Index, lookup: Lookup, as_of: date | None, limit: int) -> list[JsonObject]:
    """The rows that are found, as they are printed; refuses a bad limit."""
    try:
        rows = index.find_records(lookup, Filters(as_of=as_of), limit)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    return [row.shown() for row in rows]


def _show(rows: Sequence[Mapping[str, object]]) -> None:
    console = Console()
    for row in rows:
        where = f"{row['date'] or '日期不详'}  {row['code']} {row['name']}  {row['id']}  {row['file']}:{row['line']}"
        console.print(where, style="dim", markup=False, highlight=False)
        console.print(f"   {row['contents']}", markup=False, highlight=False)
    if not rows:
        console.print("no record was found")
