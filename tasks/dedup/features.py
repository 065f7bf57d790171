"""What the joins read of a text, made once per text and kept as plain arrays, block by block."""

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
class Features:
    """The texts of a block as arrays; row i of each is text i.

    `lengths` are those of the normalised texts, `keys` 64 bits of their sha256, `heads` of the MD5 of their first 500
    characters, `masked` is them with every run of digits as one, and `phrases` are the windows of that. `signatures`
    are MinHashes, `[texts, 0]` where the engine has no use for them. `facts` are hashes of the values of each text.
    """

    keys: NDArray[np.uint64]
    lengths: NDArray[np.int64]
    heads: NDArray[np.uint64]
    simhashes: NDArray[np.uint64]
    grams: Shingles
    masked: CodePoints
    phrases: Shingles
    slots: Slots
    signatures: NDArray[np.uint64]
    facts: Shingles

    def to_bytes(self) -> bytes:
        """The arrays as one `.npz` file; equal features give equal bytes."""
        held = io.BytesIO()
        np.savez(
            held,
            keys=self.keys,
            lengths=self.lengths,
            heads=self.heads,
            simhashes=self.simhashes,
            gram_offsets=self.grams.offsets,
            grams=self.grams.tokens,
            masked_offsets=self.masked.offsets,
            masked=self.masked.codes,
            phrase_offsets=self.phrases.offsets,
            phrases=self.phrases.tokens,
            slot_offsets=self.slots.offsets,
            slot_keys=self.slots.keys,
            slot_values=self.slots.values,
            signatures=self.signatures,
            fact_offsets=self.facts.offsets,
            facts=self.facts.tokens,
        )
        return held.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Features":
        """Read `to_bytes`; never unpickles."""
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            return cls(
                keys=held["keys"],
                lengths=held["lengths"],
                heads=held["heads"],
                simhashes=held["simhashes"],
                grams=Shingles(held["gram_offsets"], held["grams"]),
                masked=CodePoints(held["masked_offsets"], held["masked"]),
                phrases=Shingles(held["phrase_offsets"], held["phrases"]),
                slots=Slots(held["slot_offsets"], held["slot_keys"], held["slot_values"]),
                signatures=held["signatures"],
                facts=Shingles(held["fact_offsets"], held["facts"]),
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
    masked = [DIGITS.sub("0", key) for key in keys]
    grams = shingle(keys, GRAM)
    features = Features(
        keys=np.array([_bits(hashlib.sha256(key.encode())) for key in keys], np.uint64),
        lengths=np.array([len(key) for key in keys], np.int64),
        heads=np.array([_bits(_md5(key[:HEAD])) for key in keys], np.uint64),
        simhashes=simhash(keys, GRAM),
        grams=grams,
        masked=code_points(masked),
        phrases=shingle(masked, config.phrase_len),
        slots=_slots(slots) if config.holds_apart else fill_slots(None, len(keys)),
        signatures=sign(grams) if config.engine == "minhash" else np.zeros((len(keys), 0), np.uint64),
        facts=Shingles(_offsets(facts), _joined(facts)),
    )
    return features, members


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
