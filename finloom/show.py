"""What a finished flow says: what was made, how good it is, and where to look."""

from pathlib import Path

import orjson
import typer
from rich.console import Console
from rich.table import Table

from blocks.history import actions
from blocks.home import home, read_stack
from blocks.store import ArtifactStore, open_store
from datasets_registry.artifact import ArtifactRef
from finloom.answer import show_answer
from finloom.evaluate import metrics_table
from tasks.comparison.join import ComparisonSummary
from tasks.corpus.ledger import Summary
from tasks.evaluation.card import FactoryRun, RunCard
from tasks.evaluation.factory import Table as Results
from tasks.evaluation.models import Ablation
from tasks.evaluation.results import embedder_tables, model_tables, release_tables


def show(result: ArtifactRef) -> None:
    """Print the result of a flow for a person."""
    store = open_store()
    if result.kind == "run/card":
        _show_card(store, result)
    elif result.kind == "run/factory":
        _show_factory(store, result)
    elif result.kind == "evaluation/models":
        _show_tables(model_tables(Ablation.model_validate_json(store.read(result, "ablation.json"))))
    elif result.kind == "report/embedder":
        _show_tables(embedder_tables(orjson.loads(store.read(result, "report.json"))))
    elif result.kind == "release":
        _show_tables(release_tables(orjson.loads(store.read(result, "card.json"))))
    elif result.kind == "corpus":
        _show_corpus(store, result)
    elif result.kind == "corpus/comparison":
        _show_comparison(store, result)
    else:
        typer.echo(f"{result.kind} {result.sha256}: {result.rows} rows, {result.bytes} bytes")
    if stack := read_stack():
        typer.echo(f"Prefect UI: {stack.prefect_api_url.removesuffix('/api')}")


def _show_corpus(store: ArtifactStore, corpus: ArtifactRef) -> None:
    table = Table("corpus", corpus.sha256[:12], box=None)
    for name, value in Summary.model_validate_json(store.read(corpus, "summary.json")).model_dump().items():
        shown = (
            ", ".join(f"{k} {v}" for k, v in value.items() if v) if isinstance(value, dict) else str(value)
        )
        table.add_row(name, shown or "0")
    Console().print(table)
    if page := report_page(store, corpus):
        typer.echo(f"report: {page}")


def _show_comparison(store: ArtifactStore, comparison: ArtifactRef) -> None:
    summary = ComparisonSummary.model_validate_json(store.read(comparison, "summary.json"))
    table = Table("corpora", f"{summary.old_sha256[:12]} -> {summary.new_sha256[:12]}", box=None)
    table.add_row("rows", f"{summary.old} -> {summary.new}")
    for name, count in summary.counts().items():
        table.add_row(f"  {name}" if name in summary.causes else name, str(count))
    table.add_row("other facts", f"{summary.facts_changed} of {summary.changed} changed")
    Console().print(table)
    page = home() / "reports" / f"comparison-{comparison.sha256[:12]}.html"
    store.download(store.tree(comparison).file("report.html"), page)
    typer.echo(f"report: {page}")


def _show_card(store: ArtifactStore, result: ArtifactRef) -> None:
    card = RunCard.model_validate_json(store.read(result, "card.json"))
    _show_corpus(store, card.corpus)
    console = Console()
    console.print(metrics_table(card.methods))
    console.print(
        f"search measured on {card.queries} questions, {card.answerable} with a gold document in the index\n"
    )
    example = card.answers[0]
    console.print(f"[bold]{example.question}[/bold]", highlight=False)
    show_answer(example.answer)
    console.print(f"\nask your own: finloom ask '{example.question}'", markup=False, highlight=False)


def _show_factory(store: ArtifactStore, result: ArtifactRef) -> None:
    made = FactoryRun.model_validate_json(store.read(result, "run.json"))
    _show_card(store, made.card)
    _show_tables(model_tables(Ablation.model_validate_json(store.read(made.models, "ablation.json"))))
    _show_tables(release_tables(orjson.loads(store.read(made.release, "card.json"))))
    page = home() / "reports" / f"factory-{result.sha256[:12]}.html"
    store.download(store.tree(result).file("report.html"), page)
    typer.echo(f"every stage with its inputs, curves and results: {page}")
    typer.echo("the released model: finloom versions model list --name release")


def _show_tables(tables: list[Results]) -> None:
    console = Console(highlight=False, markup=False)
    for shown in map(Results.upright, tables):
        table = Table(*shown.header, box=None, title=shown.caption, title_justify="left")
        for row in shown.rows:
            table.add_row(*row)
        console.print(table)
        console.print(f"{shown.note}\n", style="dim")


def report_page(store: ArtifactStore, corpus: ArtifactRef) -> Path | None:
    """The report of a corpus as a file on this machine, or None where it has none."""
    made = [
        a.output for a in actions(store) if a.task == "report-corpus" and a.inputs.get("corpus") == corpus
    ]
    if not made:
        return None
    page = home() / "reports" / f"corpus-{corpus.sha256[:12]}.html"
    store.download(store.tree(made[-1]).file("report.html"), page)
    return page
