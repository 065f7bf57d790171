"""The rows that deduplication hands from step to step, and the words that they use."""

from dataclasses import dataclass

from datasets_registry.records import DuplicateLayer, Fact
from tasks.dedup.slots import Profile, profile

EQUAL = "equal normalised text"
FAMILY = "family"
"""The reason of a text that goes because enough of its template family stay."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text as the gatherer hands it over: `row` is its place in its block, by rank."""

    row: int
    id: str
    contents: str
    facts: tuple[Fact, ...]

    def profile(self) -> Profile:
        """What the identity guard reads of it."""
        return profile(self.contents, self.facts)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text goes: the block, and its row there."""

    id: str
    block: int
    row: int


@dataclass(frozen=True, slots=True)
class Member:
    """A text in the list of its block, with hashes of its skeleton and of the values in it; 0 where it has none."""

    id: str
    skeleton: int
    values: int


@dataclass(frozen=True, slots=True)
class Measured:
    """An engine, with its settings, on a sample: `found` of the `pairs` of the exact engine among so many texts."""

    engine: str
    setting: str
    texts: int
    pairs: int
    found: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A text that another repeats: the other's id, the layer that names the pair, how alike they are, and evidence."""

    witness: str
    layer: DuplicateLayer
    score: float
    evidence: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a text after it was compared with better-ranked texts that stay.

    `gone` is why it goes; a text that was `retracted` went with a later version of its document, or is decided anew,
    and speaks for no other any more. Of a text that stays, `guarded` counts the texts that the identity guard holds it
    apart from, `leader` is the best-ranked of them, and `apart` says which values differ.
    """

    row: int
    gone: Finding | None = None
    family: bool = False
    guarded: int = 0
    leader: Finding | None = None
    apart: str = ""
    retracted: bool = False

    @property
    def stays(self) -> bool:
        """Whether others may be compared with it."""
        return self.gone is None and not self.retracted


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a document goes: the layer that found it, the kept document it repeats, how alike they are, and evidence."""

    id: str
    layer: DuplicateLayer
    witness: str
    score: float
    evidence: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Guarded:
    """A document that stays beside `count` better-ranked ones of its template family.

    `leader` is the best-ranked of those that it was found to resemble; `apart` says which of their values differ, where
    the two were compared: texts of one skeleton with other values stay without that.
    """

    id: str
    count: int
    leader: str
    apart: str
