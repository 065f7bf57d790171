"""What the verbs print: JSON for machines, and the two ways to end badly."""

import json
import sys
from typing import NoReturn

import typer


class WrongUse(Exception):
    """The command was used wrongly: exit code 2 and one sentence."""


def print_json(value: object) -> None:
    """One JSON document on standard output, Chinese kept readable."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def fail(sentence: str) -> NoReturn:
    """End with exit code 1 and one sentence."""
    typer.echo(f"finloom: {sentence}", err=True)
    raise typer.Exit(1)
