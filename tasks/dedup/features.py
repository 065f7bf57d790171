"""What the joins read of a text, made once per text and kept as plain arrays, block by block."""

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.dedup.config import DedupConfig
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
    characters, `masked` is them with every run of digits as one, and `phrases` are the windows of that.
    """

    keys: NDArray[np.uint64]
    lengths: NDArray[np.int64]
    heads: NDArray[np.uint64]
    simhashes: NDArray[np.uint64]
    grams: Shingles
    masked: CodePoints
    phrases: Shingles
    slots: Slots

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
            )


def describe(texts: Sequence[Text], profiles: Sequence[Profile], config: DedupConfig) -> Features:
    """The features of a block of texts; `profiles` are what the guard reads of them."""
    keys = [normalise_key(text.contents) for text in texts]
    masked = [DIGITS.sub("0", key) for key in keys]
    return Features(
        keys=np.array([_bits(hashlib.sha256(key.encode())) for key in keys], np.uint64),
        lengths=np.array([len(key) for key in keys], np.int64),
        heads=np.array([_bits(_md5(key[:HEAD])) for key in keys], np.uint64),
        simhashes=simhash(keys, GRAM),
        grams=shingle(keys, GRAM),
        masked=code_points(masked),
        phrases=shingle(masked, config.phrase_len),
        slots=_slots(profiles) if config.holds_apart else fill_slots(None, len(texts)),
    )


def member(text: Text, profile: Profile) -> Member:
    """A text's entry in the list of its block."""
    if not profile.facts:
        return Member(text.id, 0, 0)
    return Member(text.id, fixed_hash(skeleton(profile)), fixed_hash(*profile.values))


def _slots(profiles: Sequence[Profile]) -> Slots:
    found = [identity_slots(profile) for profile in profiles]
    offsets = np.cumsum([0, *(len(keys) for keys, _ in found)], dtype=np.int64)
    empty = [np.zeros(0, np.uint64)]
    return Slots(
        offsets,
        np.concatenate(empty + [keys for keys, _ in found]),
        np.concatenate(empty + [values for _, values in found]),
    )


def _md5(text: str) -> "hashlib._Hash":
    return hashlib.md5(text.encode(), usedforsecurity=False)


def _bits(digest: "hashlib._Hash") -> int:
    return int.from_bytes(digest.digest()[:8], "big")
