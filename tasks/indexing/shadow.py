"""A new index in the shadow of the one in force: both are asked the same questions before it may take its place.

The questions are known items of both: a title asks for its document. A corpus that grew makes each of them a little
harder, so a fall is refused only where it is larger than allowed and no accident.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tasks.retrieval.comparison import Difference, compare_ranks
from tasks.retrieval.filters import Filters
from tasks.retrieval.index import Index, Method

DEPTH = 10
"""How deep answers are read: RR@10 looks no deeper."""
DECIDING = "rr@10"
FEWEST = 10
"""Fewer questions say nothing."""


class ShadowConfig(BaseModel):
    """When a new index is too bad to take the place of the one in force."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    queries: int = Field(
        200, ge=0, le=10_000, description="At most so many questions are put to both indexes; 0 asks none."
    )
    max_drop: float = Field(
        0.02,
        ge=0,
        le=1,
        description="Refused when RR@10 of hybrid search falls by more than this and the 95 % interval excludes 0.",
    )


class WorseIndex(ValueError):
    """A new index finds less than the one in force; it was not put in its place."""


class Shadow(BaseModel):
    """What both indexes found: how many questions they were asked, and the figures of every method."""

    model_config = ConfigDict(frozen=True)

    queries: int
    rr10: dict[str, Difference] = Field(
        description="RR@10 by method: before, after, and the interval at 95 %."
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its words, the document that answers it, and the tenant who may see that."""

    query: str
    gold: str
    tenant: str | None


def shadow_questions(old: Index, new: Index, count: int) -> list[Asked]:
    """At most `count` titles of documents that both indexes hold, as the new one calls them.

    Which ones depends on the documents' ids alone: tomorrow's are the same, but for documents that came or went.
    """
    both = set(old.passages.document_ids()) & set(new.passages.document_ids())
    asked: dict[str, Asked] = {}
    for document, row in _in_chance_order(new, both):
        if len(asked) == count:
            break
        passage = new.passages.passage(row)
        if passage.title.strip():
            asked.setdefault(passage.title, Asked(passage.title, document, passage.tenant or None))
    return list(asked.values())


def ask_both(old: Index, new: Index, config: ShadowConfig) -> Shadow | None:
    """What both indexes find for the same questions; None where there are too few to say anything.

    Raises:
        WorseIndex: the new one finds so much less that it must not take the old one's place.
    """
    asked = shadow_questions(old, new, config.queries)
    if len(asked) < FEWEST:
        return None
    methods = [method for method in new.methods if method in old.methods]
    compared = compare_ranks(_ranks(old, asked, methods), _ranks(new, asked, methods))
    found = {method: figures[DECIDING] for method, figures in compared.methods.items()}
    fall = found[methods[-1]]
    if fall.difference < -config.max_drop and fall.high < 0:
        raise WorseIndex(
            f"{DECIDING} of {methods[-1]} search falls from {fall.before:.3f} to {fall.after:.3f} on {len(asked)} "
            f"questions (95 % interval {fall.low:+.3f} to {fall.high:+.3f}), {config.max_drop:g} is allowed: the index "
            "in force stays. Look with `finloom eval retrieval`, or allow a larger shadow.max_drop"
        )
    return Shadow(queries=len(asked), rr10=found)


def _ranks(
    index: Index, asked: Sequence[Asked], methods: Sequence[Method]
) -> dict[str, dict[str, int | None]]:
    """By method and document, the rank of the document that its title asks for."""
    return {method: {each.gold: _rank(index, each, method) for each in asked} for method in methods}


def _rank(index: Index, asked: Asked, method: Method) -> int | None:
    hits = index.search(asked.query, method, DEPTH, filters=Filters(tenant=asked.tenant))
    return next((rank for rank, hit in enumerate(hits, start=1) if hit.document == asked.gold), None)


def _in_chance_order(index: Index, documents: Collection[str]) -> list[tuple[str, int]]:
    """Documents of an index and the first row of each, in the order of a hash of their ids."""
    _, first = np.unique(index.passages.documents, return_index=True)
    rows = zip(index.passages.document_ids(), first.tolist(), strict=True)
    return sorted((pair for pair in rows if pair[0] in documents), key=lambda pair: _hash(pair[0]))


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
