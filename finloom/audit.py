"""`finloom audit dedup`: removals drawn at random, verified anew from the raw input lines, by other code."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from blocks.history import lineage
from blocks.store import ArtifactStore
from datasets_registry.artifact import Action, ArtifactRef
from datasets_registry.records import Decision
from finloom.output import fail, print_json
from finloom.search import DEFAULT_NAME, in_force, open_published_store
from finloom.why import raw_lines
from tasks.corpus.cleaning import clean
from tasks.corpus.config import CleaningConfig
from tasks.corpus.rows import parse_line
from tasks.dedup.config import DedupConfig
from tasks.dedup.rows import FAMILY
from tasks.runtime.rows import rows_of

app = typer.Typer(help="Check what was decided, from the raw data.", no_args_is_help=True)

ConfigT = TypeVar("ConfigT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Checked:
    """A removal as it was decided and as it looks anew; `problem` is empty where both agree."""

    id: str
    witness: str
    layer: str
    score: float
    problem: str


@app.callback()
def _group() -> None:
    """Check what was decided, from the raw data."""


@app.command()
def dedup(
    sample: Annotated[int, typer.Option(min=1, help="How many removals to draw.")] = 100,
    seed: Annotated[int, typer.Option(help="Another seed draws other removals.")] = 0,
    corpus: Annotated[str, typer.Option(help="The corpus by its published name.")] = DEFAULT_NAME,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Verify removed duplicates anew: the witness stays, the pair meets its layer; exit code 1 where one does not."""
    store = open_published_store()
    published = in_force(store, "corpus", corpus)
    rows = rows_of(store, published, "decisions", Decision)
    decisions = {row.id: row for row in rows if row.id and row.decision != "superseded"}
    gone = [decision for decision in decisions.values() if decision.decision == "duplicate"]
    drawn = sorted(gone, key=lambda row: hashlib.sha256(f"{seed} {row.id}".encode()).hexdigest())[:sample]
    checked = _check(store, published, drawn, decisions)
    wrong = [each for each in checked if each.problem]
    if as_json:
        print_json({"drawn": len(drawn), "of": len(gone), "wrong": [asdict(each) for each in wrong]})
    else:
        _show(checked, len(gone))
    if wrong:
        fail(f"{len(wrong)} of {len(drawn)} removals do not hold")


def _check(
    store: ArtifactStore, corpus: ArtifactRef, drawn: Iterable[Decision], decisions: Mapping[str, Decision]
) -> list[Checked]:
    from tasks.dedup.definition import judge_pair  # noqa: PLC0415 it loads compiled kernels

    made = {action.task: action for action in lineage(store, corpus)}
    cleaning = _config(made["clean-documents"], "cleaning", CleaningConfig)
    config = _config(made["find-duplicates"], "config", DedupConfig)
    pairs = [(gone, decisions[str(gone.witness)]) for gone in drawn]
    texts = _texts(store, corpus, [row for pair in pairs for row in pair], cleaning)
    checked = []
    for gone, witness in pairs:
        found = judge_pair(texts[str(gone.id)], texts[str(witness.id)], config)
        problem = ""
        if witness.decision != "kept":
            problem = f"the witness is {witness.decision}"
        elif (found.layer, found.score) != (gone.layer, gone.score):
            problem = f"is {found.layer or 'no repeat'} {found.score}"
        elif found.guarded and gone.reason != FAMILY:
            problem = "the identity guard holds the two apart"
        checked.append(Checked(str(gone.id), str(witness.id), str(gone.layer), gone.score or 0.0, problem))
    return checked


def _config(action: Action, name: str, kind: type[ConfigT]) -> ConfigT:
    """The settings that a step ran with, from the history."""
    return kind.model_validate(action.config[name])


def _texts(
    store: ArtifactStore, corpus: ArtifactRef, decisions: Sequence[Decision], cleaning: CleaningConfig
) -> dict[str, str]:
    """The texts of raw input lines, cleaned as they were, by id."""
    places = {(row.file, row.line, row.id) for row in decisions}
    texts = {}
    for name, line in raw_lines(store, corpus, {row.file for row in decisions}):
        row = parse_line(line.raw, name, line.number) if line.raw is not None else ""
        if not isinstance(row, str) and (name, line.number, row.id) in places:
            texts[row.id] = clean(row.text or "", cleaning)[0]
    return texts


def _show(checked: list[Checked], removed: int) -> None:
    table = Table("layer", "drawn", "hold", box=None)
    for layer in sorted({each.layer for each in checked}):
        of_layer = [each for each in checked if each.layer == layer]
        table.add_row(layer, str(len(of_layer)), str(sum(not each.problem for each in of_layer)))
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(f"{len(checked)} of {removed} removals verified from the raw lines")
    for each in checked:
        if each.problem:
            console.print(f"{each.id}: decided {each.layer} {each.score} of {each.witness}, {each.problem}")
