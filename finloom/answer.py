"""`finloom ask QUESTION`: an answer whose every citation can be looked up word for word."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from blocks.chat import ChatModel, read_chat_settings
from finloom.output import WrongUse, print_json
from finloom.search import DEFAULT_NAME, find, open_published
from tasks.agent.answer import Answer, extract_answer, generate_answer

PASSAGES = 8


def ask(
    question: Annotated[str, typer.Argument(help="A question in Chinese.")],
    as_of: Annotated[
        str | None, typer.Option(help="Use only documents published on or before YYYY-MM-DD.")
    ] = None,
    name: Annotated[str, typer.Option(help="The index by its published name.")] = DEFAULT_NAME,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Answer from the index in force: extractive, or generated where FINLOOM_CHAT_URL names a chat model."""
    try:
        settings = read_chat_settings()
    except ValueError as error:
        raise WrongUse(str(error)) from error
    ref, index = open_published(name)
    hits = find(index, question, "hybrid", PASSAGES, None, as_of)
    chat = ChatModel(settings) if settings else None
    answer = generate_answer(question, hits, chat) if chat else extract_answer(question, hits)
    if as_json:
        print_json(asdict(answer) | {"index": ref.sha256})
    else:
        show_answer(answer)


def show_answer(answer: Answer) -> None:
    """The answer, then its citations with date and input line."""
    console = Console()
    console.print(answer.answer, markup=False, highlight=False)
    for number, citation in enumerate(answer.citations, start=1):
        where = f"{citation.id}  {citation.published or '日期不详'}  {citation.file}:{citation.line}"
        console.print(f"[{number}] {where}", style="dim", markup=False, highlight=False)
    if answer.dropped:
        console.print(f"{answer.dropped} cited quotes stand in no passage and were dropped", style="yellow")
