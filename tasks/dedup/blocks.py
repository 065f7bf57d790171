"""The shard functions of deduplication: texts to blocks in rank order, and blocks against blocks."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from datasets_registry.records import Fact, FactKind, JsonObject
from tasks.dedup.config import DedupConfig
from tasks.dedup.features import Features, describe, member
from tasks.dedup.judge import Judge
from tasks.dedup.pairs import Kept, Side, alike
from tasks.dedup.rows import Outcome, Place, Text
from tasks.dedup.slots import Profile
from tasks.runtime.parts import Part, decode_as, decode_rows, encode_rows
from tasks.similarity.frequency import document_frequency
from tasks.text.normalise import normalise_key

SETTLED_AT_ONCE = 512
"""Texts of a block that are compared with each other before it is known which of them stay."""


def gather_texts(inputs: list[bytes], config: DedupConfig) -> dict[str, Part]:
    """A shard of cleaned entries, and the places of its texts, to one part a block: `texts-<block>`."""
    places = {place.id: place for place in decode_as(inputs[1], Place)}
    gathered: dict[int, list[Text]] = {}
    for entry in decode_rows(inputs[0]):
        document = entry["document"]
        if isinstance(document, dict) and (place := places.get(str(document["id"]))):
            gathered.setdefault(place.block, []).append(_text(document, place.row))
    return {f"texts-{block:05d}": encode_rows(gathered[block]) for block in sorted(gathered)}


def describe_block(inputs: list[bytes], config: DedupConfig) -> dict[str, Part]:
    """The pieces of a block to its `texts` in rank order, their `features`, and its `members`."""
    texts = sorted((text for data in inputs for text in decode_as(data, Text)), key=lambda text: text.row)
    profiles = [text.profile() for text in texts]
    return {
        "texts": encode_rows(texts),
        "features": Part(describe(texts, profiles, config).to_bytes(), len(texts), "npz"),
        "members": encode_rows(map(member, texts, profiles)),
    }


def settle_block(inputs: list[bytes], config: DedupConfig) -> dict[str, Part]:
    """A block, and what better-ranked blocks made of it, to its `outcomes`: nothing that comes later changes them.

    `inputs` are its features, its texts, and its outcomes so far, if there are any.
    """
    block = Block(inputs[0], inputs[1])
    judge = _judge(block, inputs[2:], config)
    waiting = _open(judge, np.arange(len(block.features.lengths)))
    settled: list[Kept] = []
    for start in range(0, len(waiting), SETTLED_AT_ONCE):
        rows = waiting[start : start + SETTLED_AT_ONCE]
        for kept in settled:
            _hear(judge, block, _open(judge, rows), kept, block)
        _settle_among(judge, block, _open(judge, rows))
        settled.append(Kept.index(block.side(_open(judge, rows)), config))
    return {"outcomes": encode_rows(judge.in_rank_order())}


def compare_blocks(inputs: list[bytes], config: DedupConfig) -> dict[str, Part]:
    """A block, a settled better-ranked block, and what was known of the first before: to what is known of it now.

    `inputs` are the features and texts of the block, those of the settled block, the outcomes of the settled block, and
    the outcomes of the block so far, if there are any.
    """
    block, better = Block(inputs[0], inputs[1]), Block(inputs[2], inputs[3])
    gone = {outcome.row for outcome in decode_as(inputs[4], Outcome) if not outcome.stays}
    stays = np.array([row for row in range(len(better.features.lengths)) if row not in gone], np.int64)
    judge = _judge(block, inputs[5:], config)
    rows = _open(judge, np.arange(len(block.features.lengths)))
    _hear(judge, block, rows, Kept.index(better.side(stays), config), better)
    return {"outcomes": encode_rows(judge.in_rank_order())}


class Block:
    """A block as a worker holds it: features at once, texts when somebody asks for them."""

    def __init__(self, features: bytes, texts: bytes) -> None:
        """Read the features; `texts` are rows of `Text` in rank order."""
        self.features = Features.from_bytes(features)
        self._frequency = document_frequency(self.features.grams)
        self._texts = cache(lambda: list(decode_as(texts, Text)))
        self.profile: Callable[[int], Profile] = cache(lambda row: self._texts()[row].profile())

    def id_of(self, row: int) -> str:
        """The id of a text."""
        return self._texts()[row].id

    def side(self, rows: NDArray[np.int64]) -> Side:
        """Some of its texts as one side of a comparison."""
        return Side(self.features, self._frequency, rows, self._keys)

    def _keys(self, rows: NDArray[np.int64]) -> list[str]:
        texts = self._texts()
        return [normalise_key(texts[row].contents) for row in rows]


def _hear(judge: Judge, block: Block, rows: NDArray[np.int64], kept: Kept, better: Block) -> None:
    """Compare rows of a block with texts of `better` that stay."""
    pairs = alike(block.side(rows), kept, judge.config)
    judge.hear(pairs, better.id_of, better.profile, lambda row: True)


def _settle_among(judge: Judge, block: Block, rows: NDArray[np.int64]) -> None:
    """Compare a few rows of a block with each other, best-ranked first."""
    pairs = alike(block.side(rows), Kept.index(block.side(rows), judge.config), judge.config)
    judge.hear(pairs.downward(), block.id_of, block.profile, lambda row: not judge.is_gone(row))


def _open(judge: Judge, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.array([row for row in rows if not judge.is_gone(int(row))], np.int64)


def _judge(block: Block, known: list[bytes], config: DedupConfig) -> Judge:
    """A judge who knows the outcomes so far."""
    outcomes = (outcome for data in known for outcome in decode_as(data, Outcome))
    return Judge(config, block.profile, {outcome.row: outcome for outcome in outcomes})


def _text(document: JsonObject, row: int) -> Text:
    metadata = document["metadata"]
    found = metadata["facts"] if isinstance(metadata, dict) else None
    assert isinstance(found, list), "cleaned texts carry their facts"
    facts = TypeAdapter(list[tuple[FactKind, str, int, int]]).validate_python(found)
    return Text(row, str(document["id"]), str(document["contents"]), tuple(Fact(*fact) for fact in facts))
