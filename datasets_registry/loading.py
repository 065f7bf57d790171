"""Reads files that were downloaded from the catalog into finloom's records, by the entry's schema.

JSON lines (plain or gzip), JSON arrays, CSV and Parquet. A row that does not fit stops the reading with
`BadRow`, which names file and line: these files are published and fixed, so a row that does not fit means a
wrong file, a broken download or a wrong schema, and half a benchmark would be worse than none.
"""

import ast
import csv
import gzip
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import orjson
import pyarrow.parquet as pq
from pydantic import JsonValue

from datasets_registry.entries import CatalogEntry, RecordKind, RowSchema
from datasets_registry.records import InputRow, JsonObject, Question

ENDINGS = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".csv", ".csv.gz", ".parquet")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SPEAKERS = {"human": "user", "gpt": "assistant"}


class BadRow(ValueError):
    """A row does not fit its entry's schema."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")


def load_documents(entry: CatalogEntry, path: Path) -> Iterator[InputRow]:
    """The documents of a file, in its order; fields that the schema does not name stay in `metadata`.

    A text field that holds an object becomes the document's `record`. `line` is the line in a line-based file
    and the ordinal of the row, from 1, in the others.

    Raises:
        BadRow: a row is not an object, has no text, or a date that is not YYYY-MM-DD.
    """
    schema = _schema(entry, "document")
    used = {step.split(".")[0] for paths in schema.fields.values() for step in _paths(paths)}
    for line, row, raw in _rows(path):
        value = _pick(row, _paths(schema.fields["text"])[0])
        record = value if isinstance(value, dict) else None
        text = None if record is not None else _field(schema, row, "text")
        if not text and not record:
            raise BadRow(path, line, f"no text at {schema.fields['text']!r}; the row has {sorted(row)}")
        published = _field(schema, row, "published") or None
        if published is not None and not DAY.fullmatch(published):
            raise BadRow(path, line, f"found the date {published!r}, wanted YYYY-MM-DD")
        yield InputRow(
            id=_identifier(entry, schema, row, path, line),
            file=path.name,
            line=line,
            sha256=hashlib.sha256(raw).hexdigest(),
            title=_field(schema, row, "title"),
            text=text,
            record=record,
            source=_field(schema, row, "source") or entry.name,
            published=published,
            metadata={key: value for key, value in row.items() if key not in used},
        )


def load_questions(entry: CatalogEntry, path: Path) -> Iterator[Question]:
    """The questions of a file, in its order; options stand below the query, a row without an answer has None.

    Raises:
        BadRow: a row is not an object, has no query, or options that cannot be read.
    """
    schema = _schema(entry, "question")
    for line, row, _ in _rows(path):
        query = _field(schema, row, "query")
        if not query:
            raise BadRow(path, line, f"no query at {schema.fields['query']!r}; the row has {sorted(row)}")
        try:
            options = _options(schema, row)
        except (ValueError, SyntaxError) as error:
            raise BadRow(path, line, f"the options at {schema.choices!r} cannot be read: {error}") from error
        gold = _pick(row, _paths(schema.fields["gold"])[0]) if "gold" in schema.fields else None
        yield Question(
            id=_identifier(entry, schema, row, path, line),
            query="\n".join([query, *(f"{label}. {text}" for label, text in options.items())]),
            gold=tuple(_text(one) for one in gold)
            if isinstance(gold, list)
            else (_text(gold),)
            if gold
            else (),
            as_of=_field(schema, row, "as_of") or None,
            answer=_answer(schema, row, list(options)),
        )


def _schema(entry: CatalogEntry, record: RecordKind) -> RowSchema:
    if entry.row_schema is None or entry.row_schema.record != record:
        has = f"maps to {entry.row_schema.record}s" if entry.row_schema else "has no schema"
        raise ValueError(f"{entry.name} {has}, {record}s were asked for; its loader is {entry.loader}")
    return entry.row_schema


def _rows(path: Path) -> Iterator[tuple[int, JsonObject, bytes]]:
    """Line, row and the raw bytes of the row (its canonical JSON where the file has no lines)."""
    if not path.name.endswith(ENDINGS):
        raise ValueError(f"{path}: cannot read {path.suffix or 'this'}; wanted one of {', '.join(ENDINGS)}")
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from _json_lines(path)
        return
    read = _parquet if path.suffix == ".parquet" else _csv if ".csv" in path.suffixes[-2:] else _json
    for line, value in read(path):
        row = _object(path, line, value)
        yield line, row, orjson.dumps(row, option=orjson.OPT_SORT_KEYS)


def _json_lines(path: Path) -> Iterator[tuple[int, JsonObject, bytes]]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            if stripped := raw.strip():
                try:
                    value = orjson.loads(stripped)
                except orjson.JSONDecodeError as error:
                    raise BadRow(path, line, f"not JSON: {error}") from error
                yield line, _object(path, line, value), stripped


def _csv(path: Path) -> Iterator[tuple[int, object]]:
    with _open_text(path) as file:
        reader = csv.DictReader(file)
        try:
            for row in reader:
                if None in row or None in row.values():
                    columns = len(reader.fieldnames or ())
                    raise BadRow(path, reader.line_num, f"wanted {columns} columns as in the header")
                yield reader.line_num, row
        except csv.Error as error:
            raise BadRow(path, reader.line_num, f"not CSV: {error}") from error


def _json(path: Path) -> Iterator[tuple[int, object]]:
    with _open_text(path) as file:
        try:
            value = orjson.loads(file.read())
        except orjson.JSONDecodeError as error:
            raise BadRow(path, error.lineno, f"not JSON: {error.msg}") from error
    yield from enumerate(value if isinstance(value, list) else [value], start=1)


def _open_text(path: Path) -> TextIO:
    # utf-8-sig: spreadsheets write a byte order mark, which would become part of the first column's name
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _parquet(path: Path) -> Iterator[tuple[int, object]]:
    ordinal = 0
    for batch in pq.ParquetFile(path).iter_batches():
        for row in batch.to_pylist():
            ordinal += 1
            yield ordinal, orjson.loads(orjson.dumps(row, default=str))


def _object(path: Path, line: int, value: object) -> JsonObject:
    if not isinstance(value, dict):
        raise BadRow(path, line, f"found {type(value).__name__}, wanted an object with named fields")
    return value


def _paths(paths: str | tuple[str, ...]) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else paths


def _pick(row: JsonObject, path: str) -> JsonValue:
    """The value at a dotted path, None where there is none; `role:user` is the first list item spoken by the
    user."""
    value: JsonValue = row
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.startswith("role:"):
            value = next((turn for turn in value if _speaker(turn) == step.removeprefix("role:")), None)
        elif isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def _speaker(turn: JsonValue) -> str:
    role = _text(turn.get("role")).lower() if isinstance(turn, dict) else ""
    return SPEAKERS.get(role, role)


def _text(value: JsonValue) -> str:
    """A value as people read it: a list as lines, a list in it (a table's row) with bars."""
    match value:
        case None:
            return ""
        case list():
            lines = (" | ".join(map(_text, one)) if isinstance(one, list) else _text(one) for one in value)
            return "\n".join(filter(None, lines))
        case dict():
            return orjson.dumps(value).decode()
    return str(value).strip()


def _field(schema: RowSchema, row: JsonObject, name: str, separator: str = "\n") -> str:
    paths = _paths(schema.fields.get(name, ()))
    return separator.join(filter(None, (_text(_pick(row, path)) for path in paths)))


def _identifier(entry: CatalogEntry, schema: RowSchema, row: JsonObject, path: Path, line: int) -> str:
    return _field(schema, row, "id", separator="-") or f"{entry.name}-{path.name.split('.')[0]}-{line}"


def _options(schema: RowSchema, row: JsonObject) -> dict[str, str]:
    """Label to text of the options: columns, an object, a list, labels beside texts, or a Python literal of
    those."""
    if schema.choices is None:
        return {}
    if isinstance(schema.choices, tuple):
        found = {column: _text(row.get(column)) for column in schema.choices}
        return {label: text for label, text in found.items() if text}
    value = _pick(row, schema.choices)
    if isinstance(value, str):
        value = ast.literal_eval(value) if value.strip() else None
    if isinstance(value, dict) and isinstance(labels := value.get("label"), list):
        texts = value.get("text")
        if not isinstance(texts, list) or len(texts) != len(labels):
            raise ValueError(f"{len(labels)} labels stand beside other than {len(labels)} texts")
        return {_text(label): _text(text) for label, text in zip(labels, texts, strict=True)}
    if isinstance(value, dict):
        return {label: _text(text) for label, text in value.items()}
    if isinstance(value, list):
        return {label: _text(text) for label, text in zip(LETTERS, value, strict=False)}
    return {}


def _answer(schema: RowSchema, row: JsonObject, labels: list[str]) -> str | None:
    value = _pick(row, _paths(schema.fields["answer"])[0]) if "answer" in schema.fields else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(labels):
        return labels[value]
    answer = _text(value)
    if schema.answer_after:
        answer = answer.rpartition(schema.answer_after)[2].strip()
    return schema.labels.get(answer, answer) or None
