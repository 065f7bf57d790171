"""What the verbs print: JSON for machines, progress for people, and the two ways to end badly."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console


class WrongUse(Exception):
    """The command was used wrongly: exit code 2 and one sentence."""


def print_json(value: object) -> None:
    """One JSON document on standard output, Chinese kept readable."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def fail(sentence: str) -> NoReturn:
    """End with exit code 1 and one sentence."""
    typer.echo(f"finloom: {sentence}", err=True)
    raise typer.Exit(1)


@contextmanager
def progress(title: str, *failures: type[Exception]) -> Iterator[Callable[[str], None]]:
    """Show lines on standard error, with a spinner on a terminal; one of `failures` ends with its sentence."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        if console.is_terminal:
            with console.status(title):
                yield lambda line: console.print(line, markup=False)
        else:
            yield lambda line: console.print(line, markup=False)
    except failures as error:
        fail(str(error))
