"""The shard functions of deduplication: texts to blocks in rank order, and blocks against blocks."""

import hashlib
from collections.abc import Sequence

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import TypeAdapter

from datasets_registry.records import Fact, FactKind, JsonObject
from tasks.dedup.config import DedupConfig
from tasks.dedup.features import Features, describe
from tasks.dedup.judge import Judge
from tasks.dedup.minhash import SETTING
from tasks.dedup.pairs import Kept, Side, alike
from tasks.dedup.rows import Measured, Outcome, Place, Text
from tasks.dedup.slots import Profile
from tasks.runtime.parts import Part, decode_as, decode_rows, encode_rows, raw_rows
from tasks.similarity.frequency import document_frequency
from tasks.text.normalise import normalise_key

TEXT = TypeAdapter(Text)
PROFILES = 1024
"""Texts of a block that are kept as the guard reads them: those of large families are asked for again and again."""
SAMPLED = 2000
"""Texts on which an engine that misses pairs is measured."""
PROBED_AT_ONCE = 256
"""Texts that are compared with a block at once; their pairs are held in memory."""
SETTLED_AT_ONCE = 1024
"""Texts of a block that are compared with each other before it is known which of them stay."""

FACTS = TypeAdapter(list[tuple[FactKind, str, int, int]])


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
    rows = {int(orjson.loads(row)["row"]): row for data in inputs for row in raw_rows(data)}
    in_order = [rows[row] for row in sorted(rows)]
    features, members = describe(map(TEXT.validate_json, in_order), config)
    return {
        "texts": encode_rows(map(orjson.Fragment, in_order)),
        "features": Part(features.to_bytes(), len(members), "npz"),
        "members": encode_rows(members),
    }


def settle_block(inputs: list[bytes], config: DedupConfig) -> dict[str, Part]:
    """A block, and what better-ranked blocks made of it, to its `outcomes`: nothing that comes later changes them.

    `inputs` are its features, its texts, and its outcomes so far, if there are any.
    """
    _SETTLED.clear()
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
    better, kept = _settled(inputs[2:5], config)
    block = Block(inputs[0], inputs[1])
    judge = _judge(block, inputs[5:], config)
    rows = _open(judge, np.arange(len(block.features.lengths)))
    _hear(judge, block, rows, kept, better)
    return {"outcomes": encode_rows(judge.in_rank_order())}


def measure_engine(inputs: list[bytes], config: DedupConfig) -> dict[str, Part]:
    """How many of the pairs that the exact engine finds in a sample of a block the chosen one finds."""
    block = Block(inputs[0], inputs[1])
    texts = len(block.features.lengths)
    side = block.side(np.unique(np.linspace(0, texts - 1, min(texts, SAMPLED)).astype(np.int64)))
    found = {}
    for engine in ("exact", config.engine):
        chosen = config.model_copy(update={"engine": engine})
        pairs = alike(side, Kept.index(side, chosen), chosen).downward()
        found[engine] = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    both = len(found["exact"] & found[config.engine])
    setting = SETTING if config.engine == "minhash" else f"Hamming <= {config.simhash_threshold}"
    measured = Measured(config.engine, setting, len(side.rows), len(found["exact"]), both)
    return {"engine": encode_rows([measured])}


class Block:
    """A block as a worker holds it: features at once, of its texts those that somebody asks for."""

    def __init__(self, features: bytes, texts: bytes) -> None:
        """Read the features; `texts` are rows of `Text` in rank order."""
        self.features = Features.from_bytes(features)
        self._frequency = document_frequency(self.features.grams)
        self._texts = texts
        self._rows: list[bytes] = []
        self._profiles: dict[int, Profile] = {}

    def profile(self, row: int) -> Profile:
        """What the guard reads of a text."""
        if row not in self._profiles:
            if len(self._profiles) == PROFILES:
                self._profiles.clear()
            self._profiles[row] = self._text(row).profile()
        return self._profiles[row]

    def id_of(self, row: int) -> str:
        """The id of a text."""
        return self._text(row).id

    def side(self, rows: NDArray[np.int64]) -> Side:
        """Some of its texts as one side of a comparison."""
        return Side(self.features, self._frequency, rows, self._keys)

    def _text(self, row: int) -> Text:
        self._rows = self._rows or raw_rows(self._texts)
        return TEXT.validate_json(self._rows[row])

    def _keys(self, rows: NDArray[np.int64]) -> list[str]:
        return [normalise_key(self._text(row).contents) for row in rows]


_SETTLED: dict[str, tuple[Block, Kept]] = {}
"""The settled block that this process compared others with last: making it findable costs as much as comparing."""


def _settled(inputs: Sequence[bytes], config: DedupConfig) -> tuple[Block, Kept]:
    """A block and its texts that stay, from its features, texts and outcomes."""
    key = hashlib.blake2b(config.model_dump_json().encode())
    for data in inputs:
        key.update(hashlib.blake2b(data).digest())
    if key.hexdigest() not in _SETTLED:
        _SETTLED.clear()
        block = Block(inputs[0], inputs[1])
        gone = {outcome.row for outcome in decode_as(inputs[2], Outcome) if not outcome.stays}
        stays = np.array([row for row in range(len(block.features.lengths)) if row not in gone], np.int64)
        _SETTLED[key.hexdigest()] = block, Kept.index(block.side(stays), config)
    return _SETTLED[key.hexdigest()]


def _hear(judge: Judge, block: Block, rows: NDArray[np.int64], kept: Kept, better: Block) -> None:
    """Compare rows of a block with texts of `better` that stay, few at a time: a family has a great many pairs."""
    for start in range(0, len(rows), PROBED_AT_ONCE):
        pairs = alike(block.side(rows[start : start + PROBED_AT_ONCE]), kept, judge.config)
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
    facts = FACTS.validate_python(found)
    return Text(row, str(document["id"]), str(document["contents"]), tuple(Fact(*fact) for fact in facts))
