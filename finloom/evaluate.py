"""`finloom eval retrieval`: how well an index finds, per method, on a query set."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from blocks.store import MissingObject
from finloom.output import WrongUse, fail, print_json
from finloom.search import DEFAULT_NAME, open_index, open_published, open_published_store
from tasks.evaluation.questions import BadQuestion, read_questions
from tasks.evaluation.retrieval import NothingFound, evaluate
from tasks.retrieval.index import Index, Method
from tasks.runtime.encoder import EncoderFailed
from tasks.runtime.tools import ToolProblem

app = typer.Typer(help="Measure what was built.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Measure what was built."""


@app.command()
def retrieval(
    queries: Annotated[Path, typer.Option(help="JSON lines of query, gold ids, and as_of where it matters.")],
    index: Annotated[str, typer.Option(help="A published name, or the sha256 of an index.")] = DEFAULT_NAME,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Top3@acc (success@3), Top5@acc (success@5), RR@10 and MRR of bm25, dense and hybrid search."""
    try:
        questions = read_questions(queries)
    except BadQuestion as error:
        raise WrongUse(str(error)) from error
    try:
        report = evaluate(_open(index), questions)
    except (NothingFound, ToolProblem, EncoderFailed) as error:
        fail(str(error))
    if as_json:
        print_json({name: value for name, value in asdict(report).items() if name != "ranks"})
        return
    Console().print(metrics_table(report.methods))
    typer.echo(f"{report.queries} questions, {report.answerable} of them with a gold document in the index")


def metrics_table(methods: Mapping[Method, Mapping[str, float]]) -> Table:
    """A row for each search method, a column for each metric."""
    table = Table("method", *next(iter(methods.values())), box=None)
    for method, figures in methods.items():
        table.add_row(method, *(f"{value:.4f}" for value in figures.values()))
    return table


def _open(index: str) -> Index:
    if len(index) != 64:
        return open_published(index)[1]
    store = open_published_store()
    try:
        return open_index(store, store.tree(index).ref())
    except MissingObject as error:
        raise WrongUse(str(error)) from error
