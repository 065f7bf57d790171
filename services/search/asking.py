"""What the parts of the service say to each other: a search to do, its answer, and why there is none."""

from dataclasses import dataclass

from datasets_registry.records import Hit
from tasks.retrieval.filters import Filters
from tasks.retrieval.index import Method


@dataclass(frozen=True, slots=True)
class Ask:
    """How to search; equal ones may be searched together."""

    method: Method
    top_k: int
    alpha: float | None
    filters: Filters
    task_desc: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits of every query of a request, all from one version of the index, which `version` names by its sha256."""

    version: str
    hits: list[list[Hit]]


class Refused(Exception):
    """A request that gets no answer: HTTP `status`, a `code` for programs and a sentence for people."""

    status = 422
    code = "invalid_request"
    retry_after: int | None = None


class NotReady(Refused):
    """No version of the index is open yet."""

    status, code, retry_after = 503, "not_ready", 2


class Overloaded(Refused):
    """Too many queries wait already."""

    status, code, retry_after = 503, "overloaded", 1


class TooMuch(Refused):
    """The answer would be too large."""

    status, code = 413, "too_large"


class UnknownKnowledge(Refused):
    """Dify asks for an index that this server does not serve."""

    code = "unknown_knowledge"
