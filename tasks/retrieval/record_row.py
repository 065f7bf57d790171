"""What a structured record says of itself: which security, its name, and which day.

A record has fields, or was written into a text as names and values; both are read by the same names of fields.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass

from datasets_registry.records import Document, JsonObject
from tasks.text.dates import leading_date

CODE_FIELDS = (
    "股票代码",
    "证券代码",
    "基金代码",
    "债券代码",
    "指数代码",
    "代码",
    "ts_code",
    "symbol",
    "code",
)
NAME_FIELDS = (
    "股票名称", "股票简称", "证券名称", "证券简称", "基金名称", "基金简称", "债券简称", "指数名称", "名称", "简称",
    "name",
)  # fmt: skip
DATE_FIELDS = ("交易日期", "净值日期", "交易日", "日期", "trade_date", "date")
"""The fields that say what a record is about: the first of them that has a value."""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record: what it is about, its fields, and the input line that it came from.

    `date` is the day it is about (its own, else the published one), `known` the day from which on a search may see it:
    the later of the two, for a record may be dated before it was published, or after. `fields` is empty where the
    record was written as text; `contents` is the record as one line of text either way.
    """

    id: str
    title: str
    code: str
    name: str
    date: str | None
    known: str | None
    source: str
    kind: str
    tenant: str
    file: str
    line: int
    contents: str
    fields: JsonObject

    def shown(self) -> JsonObject:
        """What whoever may see it is shown: all but whose it is."""
        return {name: value for name, value in asdict(self).items() if name != "tenant"}


def record_row(document: Document) -> RecordRow:
    """The row of a structured record."""
    given = document.metadata.get("record")
    record: JsonObject = given if isinstance(given, dict) else {}
    value: Callable[[tuple[str, ...]], str] = (
        (lambda names: _field(record, names)) if record else lambda names: _written(document.contents, names)
    )
    day = leading_date(value(DATE_FIELDS)) or document.published
    return RecordRow(
        id=document.id,
        title=document.title,
        code=value(CODE_FIELDS),
        name=value(NAME_FIELDS),
        date=day,
        known=max(day, document.published or "") if day else None,
        source=document.source,
        kind=_tag(document, "kind"),
        tenant=_tag(document, "tenant"),
        file=str(document.metadata.get("input_file", "")),
        line=int(str(document.metadata.get("input_line", 0))),
        contents=document.contents,
        fields=record,
    )


def _field(record: JsonObject, names: tuple[str, ...]) -> str:
    return next((str(record[name]).strip() for name in names if record.get(name) not in (None, "")), "")


def _written(text: str, names: tuple[str, ...]) -> str:
    """The value of the first of these fields in a record that was written as text."""
    for name in names:
        match = re.search(rf"(?<!\w){name}[\"'”]?\s*[:：=|｜\s]\s*[\"'“]?([^\s,，;；|｜\"'“”]+)", text)
        if match:
            return match[1]
    return ""


def _tag(document: Document, name: str) -> str:
    value = document.metadata.get(name)
    return "" if value is None else str(value)
