"""One input line: bytes to a valid row, or the reason why it is not one.

Both input shapes are read: `{"id", "contents", "metadata"}` with text or a record as contents, and
`{"id", "title", "text", "record"?, "source", "published"?, "url"?}`. Fields that finloom has no use for are kept in
the row's metadata.
"""

import hashlib
import json
import re

import orjson

from datasets_registry.records import InputRow, JsonObject
from tasks.text.dates import leading_date

BOM = b"\xef\xbb\xbf"
NAMED = frozenset({"id", "title", "text", "record", "contents", "source", "published", "metadata"})


def parse_line(raw: bytes, file: str, line: int) -> InputRow | str:
    """A valid row, or one of the reasons `nul_byte`, `invalid_utf8`, `lone_surrogate`, `invalid_json`,
    `not_an_object`, `wrong_type`, `no_id`, `no_text`.
    """
    data = raw.removeprefix(BOM)
    if b"\x00" in data:
        return "nul_byte"
    try:
        row = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _why_not_json(data)
    if not isinstance(row, dict):
        return "not_an_object"
    return _read_object(row, hashlib.sha256(raw).hexdigest(), file, line)


def _read_object(row: JsonObject, sha256: str, file: str, line: int) -> InputRow | str:
    metadata = row.get("metadata") or {}
    if not isinstance(metadata, dict):
        return "wrong_type"
    contents = row.get("contents", row.get("text"))
    record = row.get("record") or (contents if isinstance(contents, dict) else None)
    text = None if isinstance(contents, dict) else contents
    title = row.get("title") or metadata.get("title") or ""
    row_id = row.get("id")
    if isinstance(row_id, int) and not isinstance(row_id, bool):
        row_id = str(row_id)
    if not row_id:
        return "no_id"
    if not (
        isinstance(row_id, str)
        and isinstance(title, str)
        and isinstance(text, str | None)
        and isinstance(record, dict | None)
    ):
        return "wrong_type"
    if not record and not (text and text.strip()):
        return "no_text"
    dated = row.get("published") or metadata.get("published")
    kept: JsonObject = {name: value for name, value in row.items() if name not in NAMED} | metadata
    if dated and leading_date(dated) is None:
        kept["published_as_given"] = dated
    source = row.get("source") or metadata.get("source") or metadata.get("source_file") or ""
    return InputRow(
        id=row_id,
        file=file,
        line=line,
        sha256=sha256,
        title=title,
        text=text,
        record=record or None,
        source=str(source),
        published=leading_date(dated),
        metadata=kept,
    )


def _why_not_json(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "invalid_utf8"
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "invalid_json"
    # orjson refuses escaped lone surrogates and NaN, which json takes; only the former names a reason of its own.
    return "lone_surrogate" if re.search(r"\\u[dD][89a-fA-F]", text) else "invalid_json"
