"""`finloom why ID`: what happened to a document and why, back to the raw input line."""

from collections.abc import Collection, Iterator
from dataclasses import asdict, replace
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.console import Console

from blocks.history import lineage
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Edit, JsonObject
from finloom.output import fail, print_json
from finloom.search import DEFAULT_NAME, in_force, open_published_store
from tasks.corpus.edits import raw_offset
from tasks.corpus.reading import Line, read_lines
from tasks.corpus.rows import parse_line
from tasks.dedup.config import DedupConfig
from tasks.dedup.rank import Candidate, reason_for_rank
from tasks.runtime.parts import decode_rows

WHOLE_LINE = 1 << 40
SHOWN = 2000
CANDIDATE = TypeAdapter(Candidate)
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
    published = in_force(store, "corpus", corpus)
    wanted = document.partition("#")[0]
    decisions = find_rows(store, published, "decisions", wanted)
    if not decisions:
        fail(f"corpus {published.sha256[:12]} has no document {wanted!r}")
    documents = find_rows(store, published, "documents", wanted)
    edits = _edits(documents[0]) if documents else []
    raw_character = raw_offset(edits, at) if at is not None and documents else None
    raw = raw_line(store, published, decisions[-1])
    rank = _rank(store, published, decisions[-1])
    if as_json:
        told = {
            "corpus": published.sha256,
            "decisions": decisions,
            "edits": [asdict(edit) for edit in edits],
            "rank": rank,
        }
        print_json(told | {"raw_character": raw_character, "raw_line": raw})
    else:
        _show(wanted, decisions, rank, edits, raw_character, raw)


def find_rows(store: ArtifactStore, ref: ArtifactRef, part: str, value: str) -> list[JsonObject]:
    """The rows of a part whose id is `value`."""
    shards = store.blobs(store.tree(ref).part(part))
    return [row for data in shards for row in decode_rows(data) if row["id"] == value]


def raw_line(store: ArtifactStore, corpus: ArtifactRef, decision: JsonObject) -> str | None:
    """The input line behind a decision, from the raw files that the corpus was made of."""
    place = (str(decision["file"]), decision["line"])
    for name, line in raw_lines(store, corpus, {place[0]}):
        if (name, line.number) == place and line.raw is not None:
            row = parse_line(line.raw, name, line.number)
            if isinstance(row, str) or row.id == decision["id"]:
                return line.raw.decode(errors="replace")
    return None


def raw_lines(
    store: ArtifactStore, corpus: ArtifactRef, names: Collection[str]
) -> Iterator[tuple[str, Line]]:
    """The lines of named raw files that a corpus was made of, from the history; of several days each has its own."""
    for action in lineage(store, corpus):
        for entry in store.tree(action.output).files if action.output.kind == "raw/files" else ():
            if entry.name in names:
                with store.open_file(entry) as opened:
                    for line in read_lines(entry.name, opened, WHOLE_LINE):
                        yield entry.name, line


def _rank(store: ArtifactStore, corpus: ArtifactRef, decision: JsonObject) -> str | None:
    """Why the witness of a duplicate was ranked before it."""
    if decision["decision"] != "duplicate":
        return None
    made = lineage(store, corpus)
    ranked: dict[str, Candidate] = {}
    for day, action in enumerate(action for action in made if action.task == "clean-documents"):
        for name in ("witness", "id"):
            for row in find_rows(store, action.output, "candidates", str(decision[name])):
                ranked[name] = replace(CANDIDATE.validate_python(row), snapshot=day)
    (*_, deduplication) = (action for action in made if action.task == "find-duplicates")
    config = DedupConfig.model_validate(deduplication.config["config"])
    return reason_for_rank(ranked["witness"], ranked["id"], config)


def _edits(document: JsonObject) -> list[Edit]:
    metadata = document["metadata"]
    assert isinstance(metadata, dict)
    return [Edit(*edit) for edit in EDITS.validate_python(metadata["edits"])]


def _show(
    document: str,
    decisions: list[JsonObject],
    rank: str | None,
    edits: list[Edit],
    raw_character: int | None,
    raw: str | None,
) -> None:
    console = Console(highlight=False, markup=False)
    for decision in decisions:
        console.print(f"{document}: {decision['decision']}", style="bold")
        for name in ("reason", "layer", "witness", "score", "evidence"):
            if decision[name] is not None:
                console.print(f"  {name}: {decision[name]}")
        console.print(f"  input line: {decision['file']}:{decision['line']}")
    if rank:
        console.print(f"  the witness is ranked better by its {rank}")
    for edit in edits:
        console.print(f"  {edit.rule}: characters {edit.start}-{edit.end} became {edit.replacement!r}")
    if raw_character is not None:
        console.print(f"  raw character: {raw_character}")
    if raw is not None:
        console.print(f"  raw: {raw[:SHOWN]}{'…' if len(raw) > SHOWN else ''}")
