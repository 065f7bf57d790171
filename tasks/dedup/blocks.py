"""The shard functions of deduplication: texts to blocks in rank order, and blocks against blocks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import TypeAdapter

from datasets_registry.records import Fact, FactKind, JsonObject
from tasks.dedup.config import DedupConfig
from tasks.dedup.features import Features, describe
from tasks.dedup.judge import Judge
from tasks.dedup.minhash import SETTING
from tasks.dedup.pairs import Kept, Pairs, Side, alike
from tasks.dedup.rows import Measured, Outcome, Place, Text
from tasks.dedup.slots import Profile
from tasks.runtime.parts import Inputs, Part, decode_as, decode_rows, encode_rows, raw_rows
from tasks.text.normalise import normalise_key

TEXT = TypeAdapter(Text)
PROFILES = 256
"""Texts of a block that are kept as the guard reads them: those of large families are asked for again and again."""
SAMPLED = 2000
"""Texts on which an engine that misses pairs is measured."""
PAIRS_AT_ONCE = 1 << 21
"""So many pairs, all of which a large family may find alike, are held in memory."""
SETTLED_AT_ONCE = 1024
"""Texts of a block that are compared with each other before it is known which of them stay."""

LARGE = 4
"""A family is large where texts have so many times more pairs than it takes to know that they stay."""

FACTS = TypeAdapter(list[tuple[FactKind, str, int, int]])


def gather_texts(inputs: Sequence[bytes], config: DedupConfig) -> dict[str, Part]:
    """A shard of cleaned entries, and the places of its texts, to one part a block: `texts-<block>`."""
    places = {place.id: place for place in decode_as(inputs[1], Place)}
    gathered: dict[int, list[Text]] = {}
    for entry in decode_rows(inputs[0]):
        document = entry["document"]
        if isinstance(document, dict) and (place := places.get(str(document["id"]))):
            gathered.setdefault(place.block, []).append(_text(document, place.row))
    return {f"texts-{block:05d}": encode_rows(gathered[block]) for block in sorted(gathered)}


def describe_block(inputs: Sequence[bytes], config: DedupConfig) -> dict[str, Part]:
    """The pieces of a block to its `texts` in rank order, their `features`, and its `members`."""
    rows = {int(orjson.loads(row)["row"]): row for data in inputs for row in raw_rows(data)}
    in_order = [rows[row] for row in sorted(rows)]
    features, members = describe(map(TEXT.validate_json, in_order), config)
    return {
        "texts": encode_rows(map(orjson.Fragment, in_order)),
        "features": Part(features.to_bytes(), len(members), "npz"),
        "members": encode_rows(members),
    }


def settle_block(inputs: Sequence[bytes], config: DedupConfig) -> dict[str, Part]:
    """A block, and what better-ranked blocks made of it, to its `outcomes`: nothing that comes later changes them.

    `inputs` are its features, its texts, and its outcomes so far, if there are any.
    """
    _LAST.clear()
    block = Block.read(inputs[0], inputs[1])
    judge = _judge(block, inputs[2:], config)
    waiting = _rows(np.arange(len(block.features)), judge.is_gone)
    settled: list[Better] = []
    for start in range(0, len(waiting), SETTLED_AT_ONCE):
        rows = waiting[start : start + SETTLED_AT_ONCE]
        for better in settled:
            _hear(judge, block, rows, better)
        rows = _rows(rows, judge.is_gone)
        among = _of_block(block, rows, config, judge)
        undecided = block.side(_rows(rows, judge.is_decided))
        _decide(judge, alike(undecided, among.kept, among.keys, config).downward(rows), among)
        stay = _rows(rows, judge.is_gone)
        settled.append(among if 2 * len(stay) > len(rows) else _of_block(block, stay, config))
    return {"outcomes": encode_rows(judge.in_rank_order())}


def compare_blocks(inputs: Inputs, config: DedupConfig) -> dict[str, Part]:
    """Settled blocks, and one that ranks behind them: to what is known of that now, its `outcomes`.

    `inputs` are the features, texts and outcomes of every settled block in rank order, then the features and texts of
    the block, and its outcomes so far, if there are any.
    """
    own = (len(inputs) - 2) // 3 * 3
    better = _better(inputs, own, config)
    block = Block.read(inputs[own], inputs[own + 1])
    judge = _judge(block, inputs[own + 2 :], config)
    _hear(judge, block, np.arange(len(block.features)), better)
    return {"outcomes": encode_rows(judge.in_rank_order())}


def measure_engine(inputs: Sequence[bytes], config: DedupConfig) -> dict[str, Part]:
    """How many of the pairs that the exact engine finds in a sample of a block the chosen one finds."""
    block = Block.read(inputs[0], inputs[1])
    texts = len(block.features)
    rows = np.unique(np.linspace(0, texts - 1, min(texts, SAMPLED)).astype(np.int64))
    found = {}
    for engine in ("exact", config.engine):
        chosen = config.model_copy(update={"engine": engine})
        among = _of_block(block, rows, chosen)
        pairs = alike(block.side(rows), among.kept, among.keys, chosen).downward(rows)
        found[engine] = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    both = len(found["exact"] & found[config.engine])
    setting = SETTING if config.engine == "minhash" else f"Hamming <= {config.simhash_threshold}"
    measured = Measured(config.engine, setting, len(rows), len(found["exact"]), both)
    return {"engine": encode_rows([measured])}


class Texts:
    """The texts of a block, each read when somebody asks for it."""

    def __init__(self, texts: bytes) -> None:
        """`texts` are rows of `Text` in rank order."""
        self._texts = texts
        self._rows: list[bytes] = []
        self._profiles: dict[int, Profile] = {}

    def __getitem__(self, row: int) -> Text:
        return TEXT.validate_json(self._raw(row))

    def id_of(self, row: int) -> str:
        """The id of a text, of which nothing else is read."""
        return str(orjson.loads(self._raw(row))["id"])

    def profile(self, row: int) -> Profile:
        """What the guard reads of a text."""
        if row not in self._profiles:
            if len(self._profiles) == PROFILES:
                self._profiles.clear()
            self._profiles[row] = self[row].profile()
        return self._profiles[row]

    def _raw(self, row: int) -> bytes:
        self._rows = self._rows or raw_rows(self._texts)
        return self._rows[row]


@dataclass(frozen=True, slots=True)
class Block:
    """A block as a worker holds it."""

    features: Features
    texts: Texts

    @classmethod
    def read(cls, features: bytes, texts: bytes) -> Self:
        """Read the files of a block."""
        return cls(Features.from_bytes(features), Texts(texts))

    def side(self, rows: NDArray[np.int64]) -> Side:
        """Some of its texts as those of a comparison that may go."""
        return Side(
            self.features, rows, lambda some: [normalise_key(self.texts[row].contents) for row in some]
        )


@dataclass(frozen=True, slots=True)
class Better:
    """Texts that others are compared with, numbered in rank order: ready to be found, and where they are read.

    `judge` is who still decides about these very texts; without one all of them stay.
    """

    kept: Kept
    texts: Sequence[Texts]
    judge: Judge | None = None

    def id_of(self, number: int) -> str:
        """The id of one of the texts."""
        texts, row = self._place(number)
        return texts.id_of(row)

    def profile(self, number: int) -> Profile:
        """What the guard reads of a text."""
        texts, row = self._place(number)
        return texts.profile(row)

    def first(self, count: int, config: DedupConfig) -> "Better":
        """The best-ranked of the texts."""
        return Better(self.kept.first(count, self.keys, config), self.texts, self.judge)

    def stays(self, number: int) -> bool:
        """Whether a text stays by what is known so far."""
        return self.judge is None or not self.judge.is_gone(self._place(number)[1])

    def keys(self, numbers: NDArray[np.int64]) -> list[str]:
        """Some of the texts, normalised."""
        places = map(self._place, numbers.tolist())
        return [normalise_key(texts[row].contents) for texts, row in places]

    def _place(self, number: int) -> tuple[Texts, int]:
        for texts, rows in zip(self.texts, self.kept.rows, strict=True):
            if number < len(rows):
                return texts, int(rows[number])
            number -= len(rows)
        raise IndexError(number)


_LAST: dict[tuple[str, ...], Better] = {}
"""What this process compared a block with last: making it findable costs more than comparing."""


def _better(inputs: Inputs, count: int, config: DedupConfig) -> Better:
    """The texts that stay of settled blocks, from the first `count` inputs."""
    key = (config.model_dump_json(), *inputs.names[:count])
    if key not in _LAST:
        _LAST.clear()
        places = range(0, count, 3)
        kept = Kept.index((_staying(inputs[place], inputs[place + 2]) for place in places), config)
        _LAST[key] = Better(kept, [Texts(inputs[place + 1]) for place in places])
    return _LAST[key]


def _staying(features: bytes, outcomes: bytes) -> tuple[Features, NDArray[np.int64]]:
    """A settled block, and the rows of it that stay."""
    read = Features.from_bytes(features)
    gone = [outcome.row for outcome in decode_as(outcomes, Outcome) if not outcome.stays]
    return read, np.setdiff1d(np.arange(len(read)), gone)


def _of_block(
    block: Block, rows: NDArray[np.int64], config: DedupConfig, judge: Judge | None = None
) -> Better:
    return Better(Kept.index([(block.features, rows)], config), [block.texts], judge)


def _hear(judge: Judge, block: Block, rows: NDArray[np.int64], better: Better) -> None:
    """Compare rows of a block with better-ranked texts, few at a time: a family has a great many pairs.

    Where the first few rows are of a large one, the others are compared with the best-ranked of it first, by which
    nearly all of them are decided.
    """
    rows = _rows(rows, judge.is_decided)
    at_once = max(1, PAIRS_AT_ONCE // max(1, len(better.kept)))
    first: Better | None = None
    for start in range(0, len(rows), at_once):
        few = rows[start : start + at_once]
        if first:
            _decide(judge, alike(block.side(few), first.kept, first.keys, judge.config), first)
            few = _rows(few, judge.is_decided)
        if not len(few):
            continue
        pairs = alike(block.side(few), better.kept, better.keys, judge.config)
        if first:
            pairs = pairs.only(pairs.second >= len(first.kept))
        elif count := _heads_of_family(pairs, len(few), judge.config):
            first = better.first(count, judge.config)
        _decide(judge, pairs, better)


def _heads_of_family(pairs: Pairs, rows: int, config: DedupConfig) -> int:
    """How many of the best-ranked texts it takes to decide about rows of a large family; 0 if they are of none."""
    enough = config.family_enough
    starts = [places.start for _, places in pairs.of_each() if places.stop - places.start > LARGE * enough]
    if not starts or 2 * len(starts) < rows:
        return 0
    # Twice as many, since some of them do not stay.
    return int(pairs.second[np.array(starts) + 2 * enough].max()) + 1


def _decide(judge: Judge, pairs: Pairs, better: Better) -> None:
    judge.hear(pairs, better.id_of, better.profile, better.stays)


def _rows(rows: NDArray[np.int64], but: Callable[[int], bool]) -> NDArray[np.int64]:
    """Rows but for some."""
    return np.array([row for row in rows.tolist() if not but(row)], np.int64)


def _judge(block: Block, known: Sequence[bytes], config: DedupConfig) -> Judge:
    """A judge who knows the outcomes so far."""
    outcomes = (outcome for data in known for outcome in decode_as(data, Outcome))
    return Judge(config, block.texts.profile, {outcome.row: outcome for outcome in outcomes})


def _text(document: JsonObject, row: int) -> Text:
    metadata = document["metadata"]
    found = metadata["facts"] if isinstance(metadata, dict) else None
    assert isinstance(found, list), "cleaned texts carry their facts"
    facts = FACTS.validate_python(found)
    return Text(row, str(document["id"]), str(document["contents"]), tuple(Fact(*fact) for fact in facts))
