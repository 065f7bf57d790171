"""A text as the identity guard reads it: normalised characters, in which each fact is one token."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from datasets_registry.records import Fact
from tasks.dedup.names import with_names
from tasks.text.normalise import normalise_key

HEAD = re.compile(
    r"\W{0,8}(?:时间[：:]\s*)?[0-9年月日时分秒\s:：/.-]{0,32}[\]】)）]?\s*[，,]?\s*正文[：:]\s*"
)
"""What a crawler puts before a text: its time stamp, which is no fact of the text."""

HOLE = "\U00012000"
"""Stands for a fact while its text is normalised: a cuneiform letter, which normalisation leaves as it is."""
VALUE_SYMBOLS = (0xF0000, 65_000)
"""First of the private-use characters that stand for the values of facts, and how many."""
SHAPE_SYMBOLS = (0xE000, 6_000)
"""The same for the shapes of facts."""

DATE_SHAPES = {4: "year", 5: "day", 7: "month", 10: "date"}
"""What a date names, by the length of its spelling."""
USUAL_MARKETS = {"6": "SH", "0": "SZ", "3": "SZ", "4": "BJ", "8": "BJ", "9": "BJ"}
"""The market of a bare code, by its first digit."""

CODE_CONTEXT = 8
CODE_REPEATS = 2
"""A code that stands but once may be a slip of the keyboard; the same slip twice is not to be expected."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the guard reads of a text, made once per text.

    `facts` are those of the body, names of securities included; `values` their comparable spellings, `shapes` what they
    are without their values (`number 元`), `places` their indices in `tokens`. `tokens` is the normalised body with
    one character for the value of each fact, `masks` the same with one for its shape. `codes` holds for each context
    that identifies a code, the 8 masked characters before it, the index of that fact.
    """

    text: str
    facts: tuple[Fact, ...]
    values: tuple[str, ...]
    shapes: tuple[str, ...]
    places: tuple[int, ...]
    tokens: str
    masks: str
    codes: dict[str, int]


def profile(text: str, facts: Sequence[Fact]) -> Profile:
    """Read a text; `facts` are those of `tasks.text.facts.find_facts(text)`."""
    head = HEAD.match(text)
    start = head.end() if head else 0
    found = with_names(text, [fact for fact in facts if fact.start >= start], start)
    values = tuple(map(_value, found))
    shapes = tuple(map(_shape, found))
    pieces = _pieces(text, found, start)
    masks = _interleave(pieces, [_symbol(shape, *SHAPE_SYMBOLS) for shape in shapes])
    places = _places(pieces)
    return Profile(
        text=text,
        facts=tuple(found),
        values=values,
        shapes=shapes,
        places=places,
        tokens=_interleave(pieces, [_symbol(value, *VALUE_SYMBOLS) for value in values]),
        masks=masks,
        codes=_code_slots(values, masks, places),
    )


def skeleton(profile: Profile) -> str:
    """The normalised text with the shape of each fact in its place, as `<number 元>`: what a template's texts share."""
    bounds = [-1, *profile.places, len(profile.tokens)]
    pieces = [profile.tokens[left + 1 : right] for left, right in pairwise(bounds)]
    return _interleave(pieces, [f"<{shape}>" for shape in profile.shapes])


def identity_slots(profile: Profile) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Keys, ascending and unique, and their values: texts that give one key two values are always in conflict.

    One slot is the skeleton with the values of its facts, but for parties, since one may have two names. The others are
    the contexts of security codes.
    """
    slots = {
        fixed_hash("code", context): fixed_hash(profile.values[index])
        for context, index in profile.codes.items()
    }
    if profile.facts:
        exact = (value for value in profile.values if not value.startswith("party "))
        slots[fixed_hash("skeleton", skeleton(profile))] = fixed_hash(*exact)
    keys = sorted(slots)
    return np.array(keys, dtype=np.uint64), np.array([slots[key] for key in keys], dtype=np.uint64)


def fixed_hash(*parts: str) -> int:
    """64 bits that depend on the parts alone, the same in every process."""
    return int.from_bytes(hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest(), "little")


def _value(fact: Fact) -> str:
    if fact.kind == "party":
        return f"party {normalise_key(fact.value)}"
    if fact.kind == "code" and fact.value.isdecimal():
        return f"code {fact.value}.{USUAL_MARKETS.get(fact.value[0], '')}"
    return f"{fact.kind} {fact.value}"


def _shape(fact: Fact) -> str:
    if fact.kind == "date":
        return DATE_SHAPES[len(fact.value)]
    _, _, unit = fact.value.partition(" ")
    return f"number {unit}".rstrip() if fact.kind == "number" else fact.kind


def _pieces(text: str, facts: Sequence[Fact], start: int) -> list[str]:
    """What stands before, between and after the facts, normalised."""
    parts: list[str] = []
    for fact in facts:
        parts += [text[start : fact.start].replace(HOLE, ""), HOLE]
        start = fact.end
    parts.append(text[start:].replace(HOLE, ""))
    return normalise_key("".join(parts)).split(HOLE)


def _places(pieces: Sequence[str]) -> tuple[int, ...]:
    places: list[int] = []
    place = -1
    for piece in pieces[:-1]:
        place += len(piece) + 1
        places.append(place)
    return tuple(places)


def _interleave(pieces: Sequence[str], between: Sequence[str]) -> str:
    return "".join(part for pair in zip(pieces, [*between, ""], strict=True) for part in pair)


@lru_cache(maxsize=1 << 16)
def _symbol(spelling: str, first: int, count: int) -> str:
    return chr(first + fixed_hash(spelling) % count)


def _code_slots(values: Sequence[str], masks: str, places: Sequence[int]) -> dict[str, int]:
    """Contexts that hold one code, where the text repeats that code."""
    counts = Counter(values)
    slots: dict[str, int] = {}
    ambiguous: set[str] = set()
    for index, (value, place) in enumerate(zip(values, places, strict=True)):
        if value.startswith("code ") and place >= CODE_CONTEXT:
            context = masks[place - CODE_CONTEXT : place]
            if values[slots.setdefault(context, index)] != value:
                ambiguous.add(context)
    return {
        context: index
        for context, index in slots.items()
        if context not in ambiguous and counts[values[index]] >= CODE_REPEATS
    }
