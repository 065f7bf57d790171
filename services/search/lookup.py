"""What `POST /v1/records` takes and gives, and the lookups behind it."""

import asyncio
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from services.search.asking import Overloaded
from services.search.contract import NAMES, Day, Name, Whole
from services.search.shelf import Shelf
from tasks.retrieval.filters import Filters
from tasks.retrieval.record_row import RecordRow
from tasks.retrieval.record_table import LIMIT, MOST, Lookup

AT_ONCE = 16
"""Lookups under way; one takes milliseconds."""
Label = Annotated[str, Field(min_length=1, max_length=200)]

DAY_GIVEN: dict[str, JsonValue] = {"type": "string"}
ANY_OF: dict[str, JsonValue] = {
    "anyOf": [
        {"required": ["code"]},
        {"required": ["name"]},
        {"required": ["first"], "properties": {"first": DAY_GIVEN}},
        {"required": ["last"], "properties": {"last": DAY_GIVEN}},
    ]
}


class RecordsRequest(BaseModel):
    """Which records; at least a code, a name or a day."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", json_schema_extra=ANY_OF)

    code: Label = Field("", description="A security's code, with its market or without.")
    name: Label = Field("", description="A security's name, in full.")
    first: Day | None = Field(None, description="Only rows of this day or later.")
    last: Day | None = Field(None, description="Only rows of this day or earlier.")
    as_of: Day | None = Field(None, description="Only rows known on or before this day.")
    undated: bool = Field(False, description="Let rows without a date through as_of too.")
    sources: list[Name] = Field([], max_length=NAMES, description="Only rows of these sources; [] for any.")
    kinds: list[Name] = Field([], max_length=NAMES, description="Only rows of these kinds; [] for any.")
    limit: Whole = Field(LIMIT, ge=1, le=MOST, description="Rows at most, the latest ones.")

    @model_validator(mode="after")
    def _says_something(self) -> "RecordsRequest":
        self.lookup()
        return self

    def lookup(self) -> Lookup:
        """Which rows are wanted; raises `ValueError` where nothing is said."""
        return Lookup(self.code or None, self.name or None, self.first, self.last)

    def filters(self, tenant: str | None) -> Filters:
        """Who asks; the tenant is that of the API key, never of the request."""
        return Filters(self.as_of, self.undated, tuple(self.sources), tuple(self.kinds), tenant)


class RecordAnswer(BaseModel):
    """A structured record: `fields` as they were given, `contents` as a line of text, and the input line."""

    id: str
    title: str
    code: str
    name: str
    date: str | None
    known: str | None
    source: str
    kind: str
    file: str
    line: int
    contents: str
    fields: dict[str, JsonValue]


class RecordsAnswer(BaseModel):
    """The records that were found, the latest first; `index` is the sha256 of the version that holds them."""

    index: str
    records: list[RecordAnswer]


class Lookups:
    """Looks up records beside the searches; more than `AT_ONCE` are refused."""

    def __init__(self, shelf: Shelf) -> None:
        """Lookups in the version that answers."""
        self._shelf = shelf
        self._running = 0

    async def find(self, request: RecordsRequest, tenant: str | None) -> tuple[str, list[RecordRow]]:
        """The version and the rows; raises `Overloaded` or `NotReady`. To be awaited in one event loop."""
        if self._running >= AT_ONCE:
            raise Overloaded(f"{self._running} lookups are under way; try again in a second")
        self._running += 1
        try:
            return await asyncio.to_thread(self._find, request, request.filters(tenant))
        finally:
            self._running -= 1

    def _find(self, request: RecordsRequest, filters: Filters) -> tuple[str, list[RecordRow]]:
        with self._shelf.lease() as version:
            return version.sha256, version.index.find_records(request.lookup(), filters, request.limit)
