"""`finloom why ID`: what happened to a document and why, back to the raw input line."""

from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.console import Console

from blocks.history import current, lineage
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Edit, JsonObject
from finloom.output import WrongUse, fail, print_json
from finloom.search import DEFAULT_NAME, open_published_store
from tasks.corpus.edits import raw_offset
from tasks.corpus.reading import read_lines
from tasks.runtime.parts import decode_rows

WHOLE_LINE = 1 << 40
SHOWN = 2000
EDITS = TypeAdapter(list[tuple[int, int, str, str]])


def why(
    document: Annotated[str, typer.Argument(metavar="ID", help="Id of a document, or of a passage (ID#N).")],
    corpus: Annotated[str, typer.Option(help="The corpus by its published name.")] = DEFAULT_NAME,
    at: Annotated[
        int | None,
        typer.Option(min=0, help="A character as a citation gives it: where it stands in the raw text."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what became of a document: its decision, reason, witness, the edits made to it, and its input line."""
    store = open_published_store()
    pointer = current(store, "corpus", corpus)
    if pointer is None:
        raise WrongUse(f"no corpus is published under {corpus!r}; build one with `finloom run build-corpus`")
    wanted = document.partition("#")[0]
    decisions = find_rows(store, pointer.target, "decisions", wanted)
    if not decisions:
        fail(f"corpus {pointer.target.sha256[:12]} has no document {wanted!r}")
    documents = find_rows(store, pointer.target, "documents", wanted)
    edits = _edits(documents[0]) if documents else []
    raw_character = raw_offset(edits, at) if at is not None and documents else None
    raw = raw_line(store, pointer.target, decisions[0])
    if as_json:
        told = {
            "corpus": pointer.target.sha256,
            "decisions": decisions,
            "edits": [asdict(edit) for edit in edits],
        }
        print_json(told | {"raw_character": raw_character, "raw_line": raw})
    else:
        _show(wanted, decisions, edits, raw_character, raw)


def find_rows(store: ArtifactStore, ref: ArtifactRef, part: str, value: str) -> list[JsonObject]:
    """The rows of a part whose id is `value`."""
    shards = store.blobs(store.tree(ref).part(part))
    return [row for data in shards for row in decode_rows(data) if row["id"] == value]


def raw_line(store: ArtifactStore, corpus: ArtifactRef, decision: JsonObject) -> str | None:
    """The input line behind a decision, from the raw files that the corpus was made of."""
    raw = raw_files(store, corpus)
    if raw is None:
        return None
    entry = store.tree(raw).file(str(decision["file"]))
    with store.open_file(entry) as opened:
        for line in read_lines(entry.name, opened, WHOLE_LINE):
            if line.number == decision["line"]:
                return line.raw.decode(errors="replace") if line.raw is not None else None
    return None


def raw_files(store: ArtifactStore, corpus: ArtifactRef) -> ArtifactRef | None:
    """The raw files that a corpus was made of, from the history."""
    made = (action.output for action in lineage(store, corpus))
    return next((ref for ref in made if ref.kind == "raw/files"), None)


def _edits(document: JsonObject) -> list[Edit]:
    metadata = document["metadata"]
    assert isinstance(metadata, dict)
    return [Edit(*edit) for edit in EDITS.validate_python(metadata["edits"])]


def _show(
    document: str, decisions: list[JsonObject], edits: list[Edit], raw_character: int | None, raw: str | None
) -> None:
    console = Console(highlight=False, markup=False)
    for decision in decisions:
        console.print(f"{document}: {decision['decision']}", style="bold")
        for name in ("reason", "layer", "witness", "score", "evidence"):
            if decision[name] is not None:
                console.print(f"  {name}: {decision[name]}")
        console.print(f"  input line: {decision['file']}:{decision['line']}")
    for edit in edits:
        console.print(f"  {edit.rule}: characters {edit.start}-{edit.end} became {edit.replacement!r}")
    if raw_character is not None:
        console.print(f"  raw character: {raw_character}")
    if raw is not None:
        console.print(f"  raw: {raw[:SHOWN]}{'…' if len(raw) > SHOWN else ''}")
