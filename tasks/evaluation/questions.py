"""Query sets as files: one question a line, with the documents that answer it."""

from pathlib import Path

import orjson

from datasets_registry.records import Question


class BadQuestion(ValueError):
    """A line of a query set is not a question."""


def read_questions(path: Path) -> list[Question]:
    """The questions of a JSON-lines file: `{"query", "gold": [ids], "id"?, "as_of"?, "answer"?}`.

    A question without an id is named after its line. Other fields are passed over.

    Raises:
        BadQuestion: a line is not a question; a query set with holes would measure something else.
    """
    questions = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadQuestion(f"query set {path} cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            questions.append(_question(path, number, line))
    if not questions:
        raise BadQuestion(f"query set {path} holds no question; wanted JSON lines of query and gold ids")
    return questions


def _question(path: Path, number: int, line: bytes) -> Question:
    try:
        row = orjson.loads(line)
        query, gold = str(row["query"]), tuple(str(name) for name in row["gold"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise BadQuestion(
            f'{path}:{number} is not a question ({error!r}); wanted {{"query": ..., "gold": [ids]}}'
        ) from error
    return Question(str(row.get("id") or f"q-{number}"), query, gold, row.get("as_of"), row.get("answer"))
