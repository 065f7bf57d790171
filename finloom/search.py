"""`finloom search QUERY`: what an index finds, with the passage and the input line of every document."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from blocks.history import current
from blocks.s3 import StoreNotConfigured
from blocks.store import ArtifactStore, MissingObject, local_copy, open_store
from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Hit
from finloom.ask_server import ask_server
from finloom.output import WrongUse, fail, print_json
from tasks.retrieval.filters import Filters, as_of_date
from tasks.retrieval.index import Index, Method
from tasks.runtime.encoder import EncoderFailed, Encoders
from tasks.runtime.tools import ToolProblem

DEFAULT_NAME = "main"


def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    method: Annotated[str, typer.Option(help="hybrid, bm25 or dense.")] = "hybrid",
    alpha: Annotated[float | None, typer.Option(help="Weight of BM25 in hybrid search, 0 to 1.")] = None,
    top_k: Annotated[int, typer.Option(help="How many documents.")] = 5,
    as_of: Annotated[
        str | None, typer.Option(help="Only documents published on or before YYYY-MM-DD.")
    ] = None,
    name: Annotated[str, typer.Option(help="The index by its published name.")] = DEFAULT_NAME,
    server: Annotated[
        str | None,
        typer.Option(help="Ask a search server at this URL instead, such as http://127.0.0.1:8080."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Search the index in force, here or on a server; each hit names its document, date, passage and input line.

    The key of a server that wants one is read from the variable FINLOOM_SEARCH_KEY.
    """
    if server is not None:
        index, hits = ask_server(server, query, method, top_k, alpha, as_of)
    else:
        ref, opened = open_published(name)
        index, hits = ref.sha256, [_plain(hit) for hit in find(opened, query, method, top_k, alpha, as_of)]
    if as_json:
        print_json({"index": index, "hits": hits})
    else:
        _show(hits)


def _show(hits: Sequence[Mapping[str, object]]) -> None:
    console = Console()
    for number, hit in enumerate(hits, start=1):
        title = escape(str(hit["title"] or hit["id"]))
        console.print(f"[bold]{number}. {title}[/bold]  {hit['score']:.3f}", highlight=False)
        where = f"   {hit['id']}  {hit['published'] or '日期不详'}  {hit['file']}:{hit['line']}"
        console.print(where, style="dim", markup=False)
        console.print(f"   {hit['text']}", markup=False, highlight=False)
    if not hits:
        console.print("nothing was found")


def open_published(name: str) -> tuple[ArtifactRef, Index]:
    """The index in force under a name, opened from this machine's copy."""
    store = open_published_store()
    ref = in_force(store, "index", name)
    return ref, open_index(store, ref)


def in_force(store: ArtifactStore, kind: Literal["corpus", "index"], name: str) -> ArtifactRef:
    """The artifact in force under a name; a name that holds none is wrong use."""
    pointer = current(store, kind, name)
    if pointer is None:
        raise WrongUse(f"no {kind} is published under {name!r}; build one with `finloom run build-{kind}`")
    return pointer.target


def open_index(store: ArtifactStore, ref: ArtifactRef) -> Index:
    """An index from this machine's copy; the model of its vectors, where it has one, starts with the first query."""
    return Index.open(local_copy(store, ref), open_model=Encoders(store).open)


def open_published_store() -> ArtifactStore:
    """The artifact store, with its absence told as wrong use."""
    try:
        return open_store()
    except (StoreNotConfigured, MissingObject) as error:
        raise WrongUse(str(error)) from error


def find(
    index: Index, query: str, method: str, top_k: int, alpha: float | None, as_of: str | None
) -> list[Hit]:
    """Search with options as typed; refuses unknown methods, bad numbers and bad dates."""
    chosen: dict[str, Method] = {"hybrid": "hybrid", "bm25": "bm25", "dense": "dense"}
    if method not in chosen:
        raise WrongUse(f"--method {method!r} is not one of {', '.join(chosen)}")
    try:
        filters = Filters(as_of=None if as_of is None else as_of_date(as_of))
        return index.search(query, chosen[method], top_k, alpha, filters)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    except (ToolProblem, EncoderFailed, MissingObject) as error:
        fail(f"the vectors of this index come from a model: {error}; or search with --method bm25")


def _plain(hit: Hit) -> dict[str, object]:
    passage = hit.passage
    return {
        "id": hit.document,
        "score": round(hit.score, 6),
        "title": passage.title,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "published": passage.published,
        "source": passage.source,
        "file": passage.file,
        "line": passage.line,
    }
