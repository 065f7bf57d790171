"""The `finloom` command: one verb a line, `--json` for machines, exit code 0 good, 1 the work failed, 2 wrong use."""

import sys

import typer

from finloom import answer, data, evaluate, run, search, stack, versions, why
from finloom.output import WrongUse

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
app.command("why")(why.why)
app.command("search")(search.search)
app.command("ask")(answer.ask)
app.command("versions")(versions.versions)
app.add_typer(evaluate.app, name="eval")
app.add_typer(data.app, name="data")


def main() -> None:
    """Run the command line; errors that a user can mend are one sentence, not a traceback."""
    try:
        app()
    except WrongUse as error:
        sys.stderr.write(f"finloom: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
