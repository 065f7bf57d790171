"""The `finloom` command: one verb a line, `--json` for machines, exit code 0 good, 1 the work failed, 2 wrong use."""

import sys

import typer

from blocks.s3 import StoreUnavailable
from blocks.store import CorruptObject, MissingObject
from datasets_registry.artifact import UnsupportedFormat
from finloom import (
    answer,
    audit,
    data,
    evaluate,
    records,
    run,
    search,
    serve,
    stack,
    tools,
    versions,
    why,
    worker,
)
from finloom.output import WrongUse
from infra.processes import StackError
from tasks.retrieval.manifest import UnusableIndex
from tasks.runtime.programs import ProgramFailed
from tasks.runtime.tools import ToolProblem

BROKEN = (
    StackError,
    StoreUnavailable,
    MissingObject,
    CorruptObject,
    UnsupportedFormat,
    UnusableIndex,
    ToolProblem,
    ProgramFailed,
)
"""What is wrong outside the command: exit code 1 and the sentence that the error brings."""

app = typer.Typer(
    help="Raw Chinese financial documents in, a research agent that can be trusted out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("up")(stack.up)
app.command("down")(stack.down)
app.command("status")(stack.status)
app.command("doctor")(stack.doctor)
app.command("env")(stack.env)
app.command("run")(run.run)
app.command("worker")(worker.worker)
app.command("why")(why.why)
app.command("search")(search.search)
app.command("records")(records.records)
app.command("ask")(answer.ask)
app.command("versions")(versions.versions)
app.add_typer(evaluate.app, name="eval")
app.add_typer(audit.app, name="audit")
app.add_typer(data.app, name="data")
app.add_typer(tools.app, name="tools")
app.add_typer(serve.app, name="serve")


def main() -> None:
    """Run the command line; errors that a user can mend are one sentence, not a traceback."""
    try:
        app()
    except WrongUse as error:
        sys.stderr.write(f"finloom: {error}\n")
        sys.exit(2)
    except BROKEN as error:
        sys.stderr.write(f"finloom: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
