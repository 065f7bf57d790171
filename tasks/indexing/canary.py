"""Ask a new index a handful of questions whose answers are known, before anybody else does.

A title must find its own document. This catches an index whose parts are shifted against each other, that
answers every query alike, or that cannot read its own tokens: all of them look healthy from outside.
"""

from tasks.retrieval.index import METHODS, Index

CANARIES = 12
DEPTH = 10
MUST_FIND = 0.5
"""The share of titles that must find their document: titles repeat, so it is not all."""


def check(index: Index) -> list[str]:
    """What is wrong with the index, one sentence each; empty if nothing is."""
    titles = _titles(index)
    if not titles:
        return []
    problems = []
    for method in METHODS:
        answers = [
            [hit.document for hit in hits]
            for hits in index.search_many(list(titles), method=method, top_k=DEPTH)
        ]
        silent = [title for title, found in zip(titles, answers, strict=True) if not found]
        if silent:
            problems.append(
                f"{method}: {len(silent)} of {len(titles)} titles find nothing, such as {silent[0]!r}"
            )
        found = sum(own in answer for own, answer in zip(titles.values(), answers, strict=True))
        if found < MUST_FIND * len(titles):
            problems.append(
                f"{method}: only {found} of {len(titles)} titles find their own document in the top {DEPTH}"
            )
        firsts = {answer[0] for answer in answers if answer}
        if len(titles) > 1 and len(firsts) == 1:
            problems.append(
                f"{method}: all {len(titles)} titles find the same document first, {firsts.pop()!r}"
            )
    return problems


def _titles(index: Index) -> dict[str, str]:
    """Titles that stand apart, and the documents they belong to, spread evenly over the index."""
    size = len(index.passages)
    rows = range(0, size, max(1, size // CANARIES))
    passages = [index.passages.passage(row) for row in rows]
    return {p.title: p.parents[0] for p in passages if p.title.strip()}
