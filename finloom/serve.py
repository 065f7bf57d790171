"""`finloom serve search`: the search service of the index in force, in the foreground, until Ctrl-C."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from blocks.home import home, secret_path
from finloom.output import WrongUse
from finloom.search import DEFAULT_NAME, open_published_store
from infra.ports import LOOPBACK, is_free, next_free
from services.search.api_keys import BadKeys, read_keys
from services.search.config import ServiceConfig
from services.search.server import Listening, OpenToAll, serve

KEYS = "search-api-keys"
"""The secret that holds the keys where no option names another place."""
PORT = 8080

app = typer.Typer(help="Long-running servers.", no_args_is_help=True)


@app.callback()
def _servers() -> None:
    """Long-running servers."""


@app.command()
def search(
    name: Annotated[str, typer.Option(help="The index by its published name.")] = DEFAULT_NAME,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than the loopback needs keys.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port, else the next free one.")] = PORT,
    method: Annotated[
        Literal["hybrid", "bm25", "dense"], typer.Option(help="Where a request does not say.")
    ] = "hybrid",
    top_k: Annotated[int, typer.Option(min=1, max=1000, help="Where a request does not say.")] = 5,
    keys_file: Annotated[Path | None, typer.Option(help="File of lines key-id:sha256-of-key:tenant.")] = None,
    keys_variable: Annotated[
        str | None, typer.Option(help="Environment variable that holds such lines.")
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Request log; - for standard output.")] = None,
    log_queries: Annotated[bool, typer.Option(help="Write what was asked to the log.")] = True,
) -> None:
    """Answer searches of the index in force over HTTP; a newly published version takes over while it runs.

    Without --keys-file and --keys-variable the keys are those of the secret `search-api-keys` of this home, if there
    are any.
    """
    file = keys_file or (secret_path(KEYS) if keys_variable is None and secret_path(KEYS).exists() else None)
    try:
        keys = read_keys(file, keys_variable)
        chosen = next_free(port) if host == LOOPBACK and not is_free(port) else port
        listening = Listening(host, chosen, keys, _log_file(log))
        listening.require_closed()
    except (BadKeys, OpenToAll) as error:
        raise WrongUse(str(error)) from error
    config = ServiceConfig(name=name, method=method, top_k=top_k, log_queries=log_queries)
    who = f"{len(keys)} API keys" if keys else "no API keys, so only this machine may ask"
    typer.echo(f"search of index {name!r} at http://{host}:{chosen} ({who}); Ctrl-C ends it", err=True)
    serve(open_published_store(), config, listening)


def _log_file(asked: Path | None) -> Path | None:
    """Where the request log goes: `logs/search.jsonl` of this home unless asked otherwise."""
    if asked == Path("-"):
        return None
    path = asked or home() / "logs" / "search.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
