"""The query sets: real documents and questions, in a folder that somebody has; no part of the project.

Texts are cleaned as `build-corpus` cleans them; none is filtered out or removed, since somebody asks for it.
"""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import orjson

from datasets_registry.records import Document, JsonObject, Question
from tasks.corpus.cleaning import clean
from tasks.corpus.config import CleaningConfig


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Documents, and questions parted into those that settings are tuned on and those that they are measured on.

    `first` are the questions that earlier tables were made with, of both parts.
    """

    name: str
    documents: list[Document]
    development: list[Question]
    test: list[Question]
    first: list[Question]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a set lies in the data folder, how many `first` questions earlier tables had, and what is hidden.

    Where documents are asked for by their titles, these are not shown, `everywhere` not even in the text.
    """

    corpus: str
    queries: str
    first: int
    hidden: Literal["nothing", "title", "everywhere"] = "nothing"


SOURCES = {
    "stard": Source("retrieval/stard/corpus.jsonl.gz", "retrieval/stard/queries.jsonl.gz", 738),
    "cmrc2018": Source(
        "retrieval/cmrc2018_dev/corpus.jsonl.gz", "retrieval/cmrc2018_dev/queries.jsonl.gz", 800
    ),
    "cctv": Source("docs/cctv_news_html.jsonl.gz", "retrieval/cctv_headlines/queries.jsonl.gz", 500, "title"),
    "carbon": Source(
        "docs/carbon_policy.jsonl.gz", "retrieval/carbon_titles/queries.jsonl.gz", 400, "everywhere"
    ),
}


def read_set(data: Path, name: str) -> QuerySet:
    """One set of `SOURCES`; a third of its questions, by the hash of their ids, are for development."""
    source = SOURCES[name]
    documents = read_documents(data / source.corpus, source.hidden)
    known = {document.id for document in documents}
    questions = [
        Question(str(row["id"]), str(row["query"]), tuple(map(str, row["gold"])))  # type: ignore[arg-type]
        for row in _rows(data / source.queries)
        if not known.isdisjoint(row["gold"])  # type: ignore[arg-type]
    ]
    development = [question for question in questions if _is_for_development(question)]
    test = [question for question in questions if not _is_for_development(question)]
    return QuerySet(name, documents, development, test, questions[: source.first])


def read_documents(path: Path, hidden: str = "nothing") -> list[Document]:
    """The documents of a file; see `Source.hidden`."""
    return [_document(row, hidden) for row in _rows(path)]


def _document(row: JsonObject, hidden: str) -> Document:
    text, _ = clean(str(row["text"] or ""), CleaningConfig())
    title = str(row.get("title") or "")
    if hidden == "everywhere" and title:
        text = text.replace(title, "")
    if hidden != "nothing":
        title = ""
    published = str(row["published"]) if row.get("published") else None
    return Document(str(row["id"]), text, title, published, str(row.get("source", "")), {})


def _is_for_development(question: Question) -> bool:
    return hashlib.sha256(question.id.encode()).digest()[0] < 256 // 3


def _rows(path: Path) -> Iterator[JsonObject]:
    with gzip.open(path) as lines:
        yield from map(orjson.loads, lines)
