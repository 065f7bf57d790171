"""What `POST /v1/search` takes and gives; the other two shapes are in `verl` and `dify`.

The limits are part of the published schema. They bound what one request may cost: a query is a sentence or a page, not
a book, and all hits of a request are made before the first byte is sent.
"""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, WithJsonSchema, model_validator

from datasets_registry.records import Hit
from services.search.asking import Ask
from services.search.config import ServiceConfig
from tasks.retrieval.config import TASK_CHARACTERS
from tasks.retrieval.filters import Filters, as_of_date
from tasks.retrieval.index import Method

QUERY_CHARACTERS = 2000
QUERIES = 256
TOP_K = 1000
Whole = Annotated[int, Field(strict=False)]
"""A whole number, also as 5.0, which JSON Schema takes for one."""
HITS = 10_000
"""Queries times top_k, at most."""
NAMES = 100
"""Sources or kinds in a filter."""


def _day(value: object) -> date:
    if not isinstance(value, str):
        raise ValueError("wanted a date as YYYY-MM-DD in quotes")
    return as_of_date(value)


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Query = Annotated[str, Field(min_length=1, max_length=QUERY_CHARACTERS, pattern=r"\S")]
"""Words to look for; what holds no letter or digit finds nothing."""
Name = Annotated[str, Field(max_length=200)]


ONE_OF: dict[str, JsonValue] = {"oneOf": [{"required": ["query"]}, {"required": ["queries"]}]}


class SearchRequest(BaseModel):
    """One query or several, and how to search; what is left out is the server's choice."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", json_schema_extra=ONE_OF)

    query: Query = Field("", description="What to look for.")
    queries: list[Query] = Field(
        [],
        min_length=1,
        max_length=QUERIES,
        description="Several things to look for, answered in this order.",
    )
    method: Method | None = Field(None, description="Words, vectors or both; null for the server's choice.")
    top_k: Whole | None = Field(None, ge=1, le=TOP_K, description="Documents for each query, at most.")
    alpha: float | None = Field(
        None,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Weight of BM25 in hybrid search; null for the index's own.",
    )
    as_of: Day | None = Field(None, description="Only documents published on or before this day.")
    undated: bool = Field(False, description="Let documents without a date through as_of too.")
    sources: list[Name] = Field(
        [], max_length=NAMES, description="Only documents of these sources; [] for any."
    )
    kinds: list[Name] = Field([], max_length=NAMES, description="Only documents of these kinds; [] for any.")
    task_desc: str | None = Field(
        None,
        max_length=TASK_CHARACTERS,
        description="What the queries are for, told to the model of the vectors instead of the index's own "
        "instruction; refused where it knows none, without effect on words.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "SearchRequest":
        if bool(self.query) == bool(self.queries):
            raise ValueError("wanted `query` or `queries`, and not both")
        return self

    @property
    def asked(self) -> list[str]:
        """The queries, in order."""
        return self.queries or [self.query]

    def ask(self, config: ServiceConfig, tenant: str | None) -> Ask:
        """How to search; the tenant is that of the API key, never of the request."""
        filters = Filters(self.as_of, self.undated, tuple(self.sources), tuple(self.kinds), tenant)
        return Ask(
            self.method or config.method, self.top_k or config.top_k, self.alpha, filters, self.task_desc
        )


class SearchHit(BaseModel):
    """A document that was found, by the passage that earned its score.

    `start` and `end` are characters of the document's contents; `file` and `line` the input line that it came from.
    """

    rank: int
    id: str
    score: float
    title: str
    text: str
    start: int
    end: int
    heading: str
    published: str | None
    source: str
    file: str
    line: int


class QueryHits(BaseModel):
    """The documents found for one query, best first."""

    query: str
    hits: list[SearchHit]


class SearchAnswer(BaseModel):
    """The answers to all queries of a request; `index` is the sha256 of the one version that gave them."""

    index: str
    method: Method
    results: list[QueryHits]


class ErrorAnswer(BaseModel):
    """Why a request has no answer: `error` for programs, `message` for people."""

    error: str
    message: str
    request_id: str


def plain_hit(rank: int, hit: Hit) -> dict[str, JsonValue]:
    """A hit in the shape of `SearchHit`; six decimals of a score are what batches of any size agree on."""
    passage = hit.passage
    return {
        "rank": rank,
        "id": hit.document,
        "score": round(hit.score, 6),
        "title": passage.title,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "heading": passage.heading,
        "published": passage.published,
        "source": passage.source,
        "file": passage.file,
        "line": passage.line,
    }
