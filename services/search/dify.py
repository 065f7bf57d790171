"""`POST /retrieval`: Dify's external knowledge API, with the ways in which Dify itself departs from it.

Source: docs.dify.ai, "External Knowledge API"; `api/services/external_knowledge_service.py` of Dify. Known departures:

- A new endpoint is tried by a request without a body (before July 2026, Dify #39410), and taken unless it answers 403,
  404 or 502. So only a wrong key gets 403, and an unknown knowledge_id is 422, not 404.
- `metadata` must be an object: Dify drops every record of an answer where it is missing or null (#16832).
- `top_k`, `score_threshold` and `metadata_condition` may be null (#16276), and the `name` of a condition a list.
- Dify does not sort: records come best first.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, JsonValue, Tag

from datasets_registry.records import Hit
from services.search.asking import Ask, Refused, UnknownKnowledge
from services.search.config import ServiceConfig
from services.search.contract import NAMES, QUERY_CHARACTERS, TOP_K, Day, Name
from tasks.retrieval.filters import Filters

INVALID_HEADER, UNAUTHORISED, NO_KNOWLEDGE = 1001, 1002, 2001
"""Dify's own error codes; of other errors the code is the HTTP status."""


def _unwrap(name: object) -> object:
    """The name itself where it is the only one of a list, as older Dify sends it."""
    return name[0] if isinstance(name, list) and len(name) == 1 else name


def _sort(condition: object) -> str | None:
    """Which sort of condition this is, by the name of its field; None where it is none."""
    if isinstance(condition, BaseModel):
        return "date" if isinstance(condition, DateCondition) else "label"
    name = _unwrap(condition.get("name")) if isinstance(condition, dict) else None
    return "date" if name == "published" else "label" if name in ("source", "kind") else None


Unwrapped = BeforeValidator(_unwrap)


class RetrievalSetting(BaseModel):
    """How many records, and from which score on."""

    model_config = ConfigDict(frozen=True)

    top_k: int | None = Field(None, ge=1, le=TOP_K)
    score_threshold: float | None = Field(None, allow_inf_nan=False)


class DateCondition(BaseModel):
    """Records published before a day, or not after it; undated ones never are."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[Literal["published"], Unwrapped]
    comparison_operator: Literal["before", "≤", "<="]
    value: Day

    @property
    def last(self) -> date:
        """The last day on which a record may be published; raises `Refused` where there is none."""
        if self.comparison_operator != "before":
            return self.value
        if self.value == date.min:
            raise Refused(f"nothing is published before {date.min}; give a later day")
        return self.value - timedelta(days=1)


class LabelCondition(BaseModel):
    """Records of one source or kind, or of one of several."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[Literal["source", "kind"], Unwrapped]
    comparison_operator: Literal["is", "=", "in"]
    value: Name | Annotated[list[Name], Field(min_length=1, max_length=NAMES)]

    @property
    def allowed(self) -> tuple[str, ...]:
        """The labels that a record may have."""
        return (self.value,) if isinstance(self.value, str) else tuple(self.value)


Condition = Annotated[
    Annotated[DateCondition, Tag("date")] | Annotated[LabelCondition, Tag("label")],
    Discriminator(
        _sort,
        custom_error_type="unknown_condition",
        custom_error_message="wanted `published` with `before` or `≤` and a date, or `source` or `kind` with `is`, "
        "`=` or `in` and a text",
    ),
]


class MetadataCondition(BaseModel):
    """Conditions on the metadata of records, all of which must hold."""

    model_config = ConfigDict(frozen=True)

    logical_operator: Literal["and", "or"] | None = None
    conditions: Annotated[list[Condition], Field(max_length=20)] | None = None

    def filters(self, tenant: str | None) -> Filters:
        """The filters that say the same; raises `Refused` where none do."""
        conditions = self.conditions or []
        if self.logical_operator == "or" and len(conditions) > 1:
            raise Refused(
                "metadata_condition joins conditions by `or`, this server only by `and`; use `in` with a list"
            )
        days = [condition.last for condition in conditions if isinstance(condition, DateCondition)]
        labels = [condition for condition in conditions if isinstance(condition, LabelCondition)]
        allowed = {condition.name: condition.allowed for condition in labels}
        if len(allowed) < len(labels):
            raise Refused(
                "metadata_condition names source or kind twice; give each once, with a list for several"
            )
        as_of = min(days, default=None)
        return Filters(as_of, False, allowed.get("source", ()), allowed.get("kind", ()), tenant)


class RetrievalRequest(BaseModel):
    """What Dify asks; fields that are not known here are passed over."""

    model_config = ConfigDict(frozen=True)

    knowledge_id: str = Field("", description="The name of the index; empty for the one that is served.")
    query: str = Field("", max_length=QUERY_CHARACTERS, description="Empty finds nothing.")
    retrieval_setting: RetrievalSetting | None = None
    metadata_condition: MetadataCondition | None = None

    @property
    def threshold(self) -> float:
        """The least score of a record."""
        return (self.retrieval_setting.score_threshold if self.retrieval_setting else None) or 0.0

    def ask(self, config: ServiceConfig, tenant: str | None) -> Ask:
        """How to search.

        Raises:
            UnknownKnowledge: another index is asked for than the one served.
            Refused: a condition that this index cannot check; it is never just left out.
        """
        if self.knowledge_id not in ("", config.name):
            raise UnknownKnowledge(
                f"knowledge_id is {self.knowledge_id[:60]!r}, this server serves {config.name!r}; enter that in Dify"
            )
        top_k = (self.retrieval_setting.top_k if self.retrieval_setting else None) or config.top_k
        condition = self.metadata_condition or MetadataCondition()
        return Ask(config.method, top_k, None, condition.filters(tenant))


class Record(BaseModel):
    """A passage, its score from 0 to 1, the title of its document, and what else is known of it."""

    content: str
    score: float
    title: str
    metadata: dict[str, JsonValue]


class RetrievalAnswer(BaseModel):
    """The records found, best first."""

    records: list[Record]


class DifyError(BaseModel):
    """Why there is no answer."""

    error_code: int
    error_msg: str


def records(hits: Sequence[Hit], threshold: float) -> dict[str, JsonValue]:
    """The answer in the shape of `RetrievalAnswer`, without what scores below the threshold."""
    scored = ((hit, round(hit.score, 6)) for hit in hits)
    return {"records": [_record(hit, score) for hit, score in scored if score >= threshold]}


def _record(hit: Hit, score: float) -> dict[str, JsonValue]:
    passage = hit.passage
    return {
        "content": passage.text,
        "score": score,
        "title": passage.title or hit.document,
        "metadata": {
            "id": hit.document,
            "path": passage.file,
            "line": passage.line,
            "start": passage.start,
            "end": passage.end,
            "published": passage.published or "",
            "source": passage.source,
        },
    }
