"""`POST /retrieve`: what verl's search tool and Search-R1 send and read, so that both use this server unmodified.

Source: `verl/tools/utils/search_r1_like_utils.py` of verl 0.9, and `retrieval_server.py` of Search-R1. The first line
of `contents` is the title, the rest is the text.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from datasets_registry.records import Hit
from services.search.contract import QUERIES, QUERY_CHARACTERS, TOP_K, Whole

AnyQuery = Annotated[str, Field(max_length=QUERY_CHARACTERS)]
"""May be empty, and then finds nothing: one empty query of a rollout must not cost the others their answers."""


class RetrieveRequest(BaseModel):
    """Queries of a rollout; fields that are not known here are passed over."""

    model_config = ConfigDict(frozen=True, strict=True)

    queries: list[AnyQuery] = Field(min_length=1, max_length=QUERIES)
    topk: Whole | None = Field(
        None, ge=1, le=TOP_K, description="Documents for each query; null for the server's choice."
    )
    return_scores: bool = False


class VerlDocument(BaseModel):
    """A document that was found; `contents` is its title, a line break, and the passage."""

    id: str
    title: str
    text: str
    contents: str


class ScoredDocument(BaseModel):
    """A document with its score, where scores were asked for."""

    document: VerlDocument
    score: float


class RetrieveAnswer(BaseModel):
    """The documents of every query, best first."""

    result: list[list[ScoredDocument]] | list[list[VerlDocument]]


def retrieved(hits: Sequence[Sequence[Hit]], return_scores: bool) -> dict[str, JsonValue]:
    """The answer in the shape of `RetrieveAnswer`."""
    return {"result": [[_document(hit, return_scores) for hit in found] for found in hits]}


def _document(hit: Hit, scored: bool) -> dict[str, JsonValue]:
    title = " ".join(hit.passage.title.split())
    text = hit.passage.text
    document: dict[str, JsonValue] = {
        "id": hit.document,
        "title": title,
        "text": text,
        "contents": f"{title}\n{text}",
    }
    return {"document": document, "score": round(hit.score, 6)} if scored else document
