"""What the joins read of a text, made once per text and kept as plain arrays, block by block."""

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tasks.dedup.config import DedupConfig
from tasks.dedup.minhash import sign
from tasks.dedup.rows import Member, Text
from tasks.dedup.slots import Profile, fixed_hash, identity_slots, skeleton
from tasks.similarity.shingles import CodePoints, Shingles, code_points, shingle
from tasks.similarity.simhash import simhash
from tasks.similarity.slots import Slots, fill_slots
from tasks.text.normalise import normalise_key

GRAM = 3
"""Characters of the n-grams that overlap is measured with."""
HEAD = 500
"""The hash layer compares so many characters."""
DIGITS = re.compile(r"[0-9][0-9.]*")


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of texts but for their n-grams; row i of each is text i.

    `lengths` are those of the normalised texts, `masked_lengths` the same with every run of digits as one character,
    `gram_counts` are numbers of 3-grams, `keys` 64 bits of the sha256 of the normalised texts, `heads` of the MD5 of
    their first 500 characters. `signatures` are MinHashes, `[texts, 0]` where the engine has no use for them. `facts`
    are hashes of the values of each text.
    """

    keys: NDArray[np.uint64]
    lengths: NDArray[np.int64]
    masked_lengths: NDArray[np.int64]
    gram_counts: NDArray[np.int64]
    heads: NDArray[np.uint64]
    simhashes: NDArray[np.uint64]
    signatures: NDArray[np.uint64]
    facts: Shingles

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: NDArray[np.integer]) -> "Marks":
        """Those of some texts, in the order of `rows`."""
        arrays = {name: getattr(self, name)[rows] for name in ARRAYS}
        return Marks(**arrays, facts=self.facts.take(rows))

    @classmethod
    def join(cls, parts: Sequence["Marks"]) -> "Marks":
        """Those of the texts of all parts, one behind the other."""
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS}
        return cls(**arrays, facts=Shingles.join([part.facts for part in parts]))


ARRAYS = tuple(field.name for field in fields(Marks) if field.name != "facts")


@dataclass(frozen=True, slots=True)
class Features:
    """The texts of a block as arrays; row i of each is text i.

    `grams` are their 3-grams, `masked` the texts with every run of digits as one, and `phrases` the windows of that.
    """

    marks: Marks
    grams: Shingles
    masked: CodePoints
    phrases: Shingles
    slots: Slots

    def __len__(self) -> int:
        return len(self.marks)

    def to_bytes(self) -> bytes:
        """The arrays as one `.npz` file; equal features give equal bytes."""
        held = io.BytesIO()
        np.savez(
            held,
            **{name: getattr(self.marks, name) for name in ARRAYS},
            fact_offsets=self.marks.facts.offsets,
            facts=self.marks.facts.tokens,
            gram_offsets=self.grams.offsets,
            grams=self.grams.tokens,
            masked_offsets=self.masked.offsets,
            masked=self.masked.codes,
            phrase_offsets=self.phrases.offsets,
            phrases=self.phrases.tokens,
            slot_offsets=self.slots.offsets,
            slot_keys=self.slots.keys,
            slot_values=self.slots.values,
        )
        return held.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Features":
        """Read `to_bytes`; never unpickles."""
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            facts = Shingles(held["fact_offsets"], held["facts"])
            return cls(
                marks=Marks(**{name: held[name] for name in ARRAYS}, facts=facts),
                grams=Shingles(held["gram_offsets"], held["grams"]),
                masked=CodePoints(held["masked_offsets"], held["masked"]),
                phrases=Shingles(held["phrase_offsets"], held["phrases"]),
                slots=Slots(held["slot_offsets"], held["slot_keys"], held["slot_values"]),
            )


def describe(texts: Iterable[Text], config: DedupConfig) -> tuple[Features, list[Member]]:
    """The features and the list of a block of texts, of which one at a time is held."""
    keys, members, slots, facts = [], [], [], []
    for text in texts:
        profile = text.profile()
        keys.append(normalise_key(text.contents))
        members.append(_member(text, profile))
        facts.append(np.array(sorted(map(fixed_hash, set(profile.values))), np.uint64))
        if config.holds_apart:
            slots.append(identity_slots(profile))
    masked = list(map(mask_digits, keys))
    grams = shingle(keys, GRAM)
    marks = Marks(
        keys=np.array([_bits(hashlib.sha256(key.encode())) for key in keys], np.uint64),
        lengths=np.array([len(key) for key in keys], np.int64),
        masked_lengths=np.array([len(text) for text in masked], np.int64),
        gram_counts=grams.sizes,
        heads=np.array([_bits(_md5(key[:HEAD])) for key in keys], np.uint64),
        simhashes=simhash(keys, GRAM),
        signatures=sign(grams) if config.engine == "minhash" else np.zeros((len(keys), 0), np.uint64),
        facts=Shingles(_offsets(facts), _joined(facts)),
    )
    features = Features(
        marks=marks,
        grams=grams,
        masked=code_points(masked),
        phrases=shingle(masked, config.phrase_len),
        slots=_slots(slots) if config.holds_apart else fill_slots(None, len(keys)),
    )
    return features, members


def mask_digits(key: str) -> str:
    """A normalised text with every run of digits as one character: what its phrases are made of."""
    return DIGITS.sub("0", key)


def _member(text: Text, profile: Profile) -> Member:
    if not profile.facts:
        return Member(text.id, 0, 0)
    return Member(text.id, fixed_hash(skeleton(profile)), fixed_hash(*profile.values))


def _slots(found: Sequence[tuple[NDArray[np.uint64], NDArray[np.uint64]]]) -> Slots:
    keys, values = [keys for keys, _ in found], [values for _, values in found]
    return Slots(_offsets(keys), _joined(keys), _joined(values))


def _offsets(parts: Sequence[NDArray[np.uint64]]) -> NDArray[np.int64]:
    return np.cumsum([0, *map(len, parts)], dtype=np.int64)


def _joined(parts: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    return np.concatenate([np.zeros(0, np.uint64), *parts])


def _md5(text: str) -> "hashlib._Hash":
    return hashlib.md5(text.encode(), usedforsecurity=False)


def _bits(digest: "hashlib._Hash") -> int:
    return int.from_bytes(digest.digest()[:8], "big")
