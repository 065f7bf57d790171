"""For each document the documents that are related to it: found by search, too distant ones and repeats left out."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from datasets_registry.records import Document, JsonObject
from tasks.contexts.config import ContextConfig
from tasks.contexts.documents import Documents
from tasks.contexts.repeats import without_repeats
from tasks.retrieval.filters import Filters, as_of_date
from tasks.retrieval.index import Index

WORKING = ("facts", "edits")
"""Metadata that only later steps of a corpus read."""

Proposals = list[tuple[str, float]]
"""Ids and scores, best first."""


def relate(
    documents: Sequence[Document], index: Index, corpus: Documents, config: ContextConfig
) -> Iterator[JsonObject]:
    """A row for each document: `{"id", "contents", "metadata", "relevant_contents"}`.

    `relevant_contents` are `{"id", "contents", "metadata", "score", "rank"}`, ranks from 1, best first: at least one
    wherever search finds any other document of the corpus, and none that repeats a better one of them.
    """
    proposed = _propose(documents, index, corpus, config)
    numbers: dict[str, int] = {}
    pools = [[numbers.setdefault(name, len(numbers)) for name, _ in each] for each in proposed]
    read = [corpus[name] for name in numbers]
    stay = without_repeats(pools, [document.contents for document in read], config)
    for document, proposals, pool, kept in zip(documents, proposed, pools, stay, strict=True):
        scores = {number: score for number, (_, score) in zip(pool, proposals, strict=True)}
        yield _row(document) | {
            "relevant_contents": [
                _row(read[number]) | {"score": round(scores[number], 6), "rank": rank}
                for rank, number in enumerate(kept[: config.related], start=1)
            ]
        }


def _propose(
    documents: Sequence[Document], index: Index, corpus: Documents, config: ContextConfig
) -> list[Proposals]:
    """What search finds for each document: without itself, and without what scores far below the best."""
    asked: dict[Filters, list[int]] = defaultdict(list)
    for place, document in enumerate(documents):
        asked[_filters(document, config)].append(place)
    proposed: list[Proposals] = [[] for _ in documents]
    for filters, places in asked.items():
        queries = [_query(documents[place], config) for place in places]
        found = index.search_many(queries, config.method, config.pool + 1, filters=filters)
        for place, hits in zip(places, found, strict=True):
            others = [
                (hit.document, float(hit.score))
                for hit in hits
                if hit.document != documents[place].id and hit.document in corpus
            ][: config.pool]
            proposed[place] = [each for each in others if each[1] >= config.least_share * others[0][1]]
    return proposed


def _query(document: Document, config: ContextConfig) -> str:
    return f"{document.title}\n{document.contents[: config.query_characters]}".strip()


def _filters(document: Document, config: ContextConfig) -> Filters:
    tenant = str(document.metadata.get("tenant") or "") or None
    return Filters(as_of=_day(document.published) if config.as_of else None, tenant=tenant)


def _day(published: str | None) -> date | None:
    try:
        return as_of_date(published or "")
    except ValueError:
        return None


def _row(document: Document) -> JsonObject:
    metadata = {name: value for name, value in document.metadata.items() if name not in WORKING}
    metadata |= {"title": document.title, "published": document.published, "source": document.source}
    return {"id": document.id, "contents": document.contents, "metadata": metadata}
