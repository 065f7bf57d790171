"""Questions for a corpus that has none: what a document is called asks for the document.

Documents are parted by their ids into those that search is tuned on and those that it is measured on, so that no
question is ever asked for both.
"""

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from datasets_registry.records import Question

Half = Literal["development", "evaluation"]


def known_items(names: Iterable[tuple[str, str]], limit: int, seed: int, half: Half) -> list[Question]:
    """At most `limit` questions of one half, from pairs of a document's id and what it is called.

    Names that two documents share, and empty ones, are left out. Which are taken depends on the ids and the seed alone,
    so a document that is added or removed changes the choice by itself only.
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for document, name in names:
        by_name[name].append(document)
    unique = [(ids[0], name) for name, ids in by_name.items() if name and len(ids) == 1]
    wanted = [(document, name) for document, name in unique if half_of(document) == half]
    chosen = heapq.nsmallest(limit, wanted, key=lambda pair: (_shuffled(pair[0], seed), pair[0]))
    return [Question(id=f"known-{document}", query=name, gold=(document,)) for document, name in chosen]


def half_of(document: str) -> Half:
    """The half that a document belongs to, whatever the corpus and the seed."""
    return "development" if _shuffled(document, 0)[0] in "01234567" else "evaluation"


def _shuffled(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
