"""`finloom up | down | status | doctor | env`: the embedded stack from the command line."""

import shlex
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from blocks.home import read_stack
from blocks.s3 import StoreNotConfigured
from finloom.output import fail, print_json, progress
from infra import doctor as diagnosis
from infra import status as condition
from infra.environment import environment
from infra.processes import StackError
from infra.stack import ensure_up, take_down

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Port = typer.Option(min=1, max=65535)
PROBLEMS = (StackError, StoreNotConfigured)
SECRET_SUFFIXES = ("PASSWORD", "SECRET", "KEY", "TOKEN")


def up(
    prefect_port: Annotated[int | None, Port] = None,
    s3_port: Annotated[int | None, Port] = None,
    as_json: Json = False,
) -> None:
    """Start the object store, the Prefect server and its worker where they do not run; safe to repeat."""
    with progress("bringing the stack up", *PROBLEMS) as report:
        state = ensure_up(prefect_port, s3_port, report)
    if as_json:
        print_json(state.model_dump(mode="json"))


def down(as_json: Json = False) -> None:
    """End every process of the stack; its data stays."""
    with progress("taking the stack down", *PROBLEMS) as report:
        stopped = take_down(report)
    if as_json:
        print_json({"stopped": stopped})
    elif not stopped:
        typer.echo("nothing was running")


def status(as_json: Json = False) -> None:
    """Show what runs of the stack; exit code 1 where a part does not."""
    found = condition.look()
    if as_json:
        print_json(found.model_dump(mode="json") | {"good": found.is_good})
    else:
        _show_status(found)
    if not found.is_good:
        raise typer.Exit(1)


def doctor(as_json: Json = False) -> None:
    """Say what is here, what is missing and how to get it; exit code 1 where a required thing is missing."""
    found = diagnosis.checks()
    good = all(check.good for check in found if check.required)
    if as_json:
        print_json({"good": good, "checks": [check.model_dump() for check in found]})
    else:
        for check in found:
            mark = "ok     " if check.good else "MISSING" if check.required else "absent "
            typer.echo(f"{mark} {check.name}: {check.found}")
            if not check.good:
                typer.echo(f"        wanted: {check.wanted}\n        to do:  {check.fix}")
    if not good:
        raise typer.Exit(1)


def env(as_json: Json = False) -> None:
    """Print the variables that point programs at the stack: eval "$(finloom env)"; secrets are left out."""
    stack = read_stack()
    if stack is None:
        fail("there is no stack yet; run `finloom up`")
    found = environment(stack)
    variables = {name: found[name] for name in sorted(found) if not name.endswith(SECRET_SUFFIXES)}
    if as_json:
        print_json(variables)
        return
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _show_status(found: condition.StackStatus) -> None:
    table = Table("part", "state", "pid", "port", "address", "memory")
    for part in found.parts:
        memory = f"{part.memory_bytes / 2**20:.0f} MiB" if part.memory_bytes else ""
        table.add_row(
            part.name, part.condition, str(part.pid or ""), str(part.port or ""), part.address, memory
        )
    Console().print(table)
    for warning in found.bucket.warnings if found.bucket else ():
        typer.echo(f"warning: {warning}")
