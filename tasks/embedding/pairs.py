"""Training rows for the embedder, in ms-swift's format: a query, a passage that answers it, passages that do not.

Thin for now: a document's title, or its first sentence where it has none, stands for a question.
Format: ms-swift 4.6, `docs/BestPractices/Embedding`: `messages`, `positive_messages`, `negative_messages`.
"""

import hashlib
import heapq
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from datasets_registry.records import JsonObject, Passage
from tasks.embedding.config import PairConfig
from tasks.retrieval.config import EncodeConfig
from tasks.retrieval.tokens import search_text
from tasks.text.sentences import sentence_spans

LONGEST_QUERY = 60
"""Characters of a first sentence that stand for a missing title."""
TRIES = 1000


class NoPairs(ValueError):
    """A corpus gives nothing to learn from."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and a passage that answers it; `gold` are all documents that do, none of which may be a negative."""

    query: str
    gold: tuple[str, ...]
    passage: Passage

    @property
    def id(self) -> str:
        """The pair's name: that of its passage, which has one query."""
        return f"pair-{self.passage.id}"


def corpus_pairs(
    passages: Iterable[Passage], config: PairConfig, held_out: Collection[str] = ()
) -> list[Pair]:
    """Titles with the first passages of their documents, in order of the passages; held-out queries are left out.

    Documents that share a title are all gold for it. Which pairs are taken, where there are too many, depends on
    their ids and the seed alone.
    """
    firsts: dict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        if len(firsts[passage.parents[0]]) < config.passages_a_document:
            firsts[passage.parents[0]].append(passage)
    queries = {document: _query(first[0]) for document, first in firsts.items()}
    gold: dict[str, list[str]] = defaultdict(list)
    for document, query in queries.items():
        gold[query].append(document)
    left_out = {_bare(query) for query in held_out}
    pairs = [
        Pair(queries[document], tuple(gold[queries[document]]), passage)
        for document, first in firsts.items()
        if _bare(queries[document]) not in left_out
        for passage in first
    ]
    chosen = heapq.nsmallest(
        config.most, range(len(pairs)), key=lambda n: _shuffled(pairs[n].id, config.seed)
    )
    return [pairs[number] for number in sorted(chosen)]


def training_rows(
    pairs: Sequence[Pair], passages: Sequence[Passage], config: PairConfig, encode: EncodeConfig
) -> Iterator[JsonObject]:
    """One row a pair: `id`, `parents` (its passage), and the messages of query, positive and random negatives.

    A negative is never of one of the query's gold documents, and never has the positive's text. The negatives of a
    pair depend on its id, the passages and the seed alone.

    Raises:
        NoPairs: there are no pairs, or too few other passages to draw negatives from.
    """
    if not pairs:
        raise NoPairs("found no document with a title or a sentence, wanted at least one to learn from")
    for pair in pairs:
        negatives = _negatives(pair, passages, config)
        positive = _text(pair.passage, config)
        yield {
            "id": pair.id,
            "parents": [pair.passage.id],
            "messages": _message(encode.query_text(pair.query)),
            "positive_messages": [_message(positive)],
            "negative_messages": [_message(text) for text in negatives],
        }


def _negatives(pair: Pair, passages: Sequence[Passage], config: PairConfig) -> list[str]:
    chance = random.Random(f"{config.seed}:{pair.id}")
    taken = {_text(pair.passage, config)}
    found: list[str] = []
    for _ in range(TRIES):
        passage = chance.choice(passages)
        text = _text(passage, config)
        if passage.parents[0] not in pair.gold and text not in taken:
            taken.add(text)
            found.append(text)
        if len(found) == config.negatives:
            return found
    raise NoPairs(
        f"found {len(found)} passages that do not answer {pair.query!r} among {len(passages)}, wanted "
        f"{config.negatives}; build a larger corpus or take fewer negatives"
    )


def _message(text: str) -> list[JsonValue]:
    return [{"role": "user", "content": text}]


def _text(passage: Passage, config: PairConfig) -> str:
    """A passage as the index embeds it."""
    return search_text(passage)[: config.passage_characters]


def _query(passage: Passage) -> str:
    """The title, or what the document begins with."""
    if title := passage.title.strip():
        return title
    start, end = next(iter(sentence_spans(passage.text)), (0, LONGEST_QUERY))
    return passage.text[start : min(end, start + LONGEST_QUERY)].strip()


def _bare(query: str) -> str:
    return "".join(filter(str.isalnum, query)).lower()


def _shuffled(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
