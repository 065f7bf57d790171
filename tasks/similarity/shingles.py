"""Texts as sets of their character n-grams, for exact joins."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import kernel, mix

ValueT = TypeVar("ValueT", bound=np.generic)

PACKED = 3
"""So many characters, 21 bits each, fit one token without loss."""


@dataclass(frozen=True, slots=True)
class CodePoints:
    """The characters of texts in one array; those of text i are `codes[offsets[i]:offsets[i + 1]]`."""

    offsets: NDArray[np.int64]
    codes: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: NDArray[np.integer]) -> "CodePoints":
        """Some texts, in the order of `rows`."""
        return CodePoints(*take_rows(self.offsets, self.codes, rows))


@dataclass(frozen=True, slots=True)
class Shingles:
    """The token sets of texts; those of text i are `tokens[offsets[i]:offsets[i + 1]]`, ascending, no repeats."""

    offsets: NDArray[np.int64]
    tokens: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The number of tokens of each text."""
        return np.diff(self.offsets)

    def take(self, rows: NDArray[np.integer]) -> "Shingles":
        """Some texts, in the order of `rows`."""
        return Shingles(*take_rows(self.offsets, self.tokens, rows))

    @classmethod
    def join(cls, parts: Sequence["Shingles"]) -> "Shingles":
        """The texts of all parts, one behind the other."""
        return cls(
            join_offsets([part.offsets for part in parts]), np.concatenate([part.tokens for part in parts])
        )

    @classmethod
    def gather(cls, parts: list["Shingles"], rows: NDArray[np.integer]) -> "Shingles":
        """All texts of all parts in the order of `rows`, which number them one behind the other.

        The parts are taken from their list, each when it has been copied, so that memory never holds all of them twice.
        """
        sizes = np.concatenate([np.zeros(0, np.int64), *(part.sizes for part in parts)])
        offsets = np.concatenate([[0], np.cumsum(sizes[rows])]).astype(np.int64)
        starts = np.empty(len(rows), np.int64)
        starts[rows] = offsets[:-1]
        tokens = np.empty(offsets[-1], np.uint64)
        end = len(rows)
        while parts:
            part = parts.pop()
            _put_rows(part.offsets, part.tokens, starts[end - len(part) : end], tokens)
            end -= len(part)
        return cls(offsets, tokens)


def take_rows(
    offsets: NDArray[np.int64], values: NDArray[ValueT], rows: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[ValueT]]:
    """Some rows of a ragged array, one behind the other: their offsets and values."""
    chosen = np.concatenate([[0], np.cumsum(np.diff(offsets)[rows])]).astype(np.int64)
    return chosen, _copy_rows(offsets, values, rows.astype(np.int64), chosen)


def join_offsets(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The offsets of ragged arrays put one behind the other."""
    sizes = np.concatenate([np.diff(offsets) for offsets in parts])
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def code_points(texts: Sequence[str]) -> CodePoints:
    """The characters of texts, one UTF-32 unit each (a lone surrogate too is a character)."""
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    data = bytearray("".join(texts).encode("utf-32-le", "surrogatepass"))
    return CodePoints(offsets, np.frombuffer(data, np.uint32))


def shingle(texts: Sequence[str] | CodePoints, width: int) -> Shingles:
    """The sets of all substrings of `width` characters.

    Up to 3 characters are packed into a token and cannot collide; more are mixed to 64 bits, by a fixed rule, so two
    different substrings share a token once in 2**64. A text shorter than `width` has one token, of all it has; an
    empty text has none.

    Raises:
        ValueError: `width` is below 1.
    """
    if width < 1:
        raise ValueError(f"found shingles of {width} characters, wanted at least 1")
    points = texts if isinstance(texts, CodePoints) else code_points(texts)
    offsets, tokens = windows(points, width)
    # numpy sorts each text faster than a compiled loop would, and in n log n whatever the text.
    for start, end in pairwise(offsets.tolist()):
        tokens[start:end].sort()
    kept = _drop_repeats(offsets, tokens)
    return Shingles(offsets, tokens[:kept].copy())


def windows(points: CodePoints, width: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """The token of every place where `width` characters begin, in the order of the text, with its repeats.

    Returns:
        Offsets `[texts + 1]` and the tokens: `length - width + 1` for a text, 1 for a shorter one, 0 for an empty one.
    """
    lengths = np.diff(points.offsets)
    offsets = np.zeros(len(points) + 1, np.int64)
    np.cumsum(np.where(lengths > 0, np.maximum(lengths - width + 1, 1), 0), out=offsets[1:])
    return offsets, _slide(points.offsets, points.codes, offsets, width)


@kernel
def window_token(codes: NDArray[np.uint32], start: int, end: int) -> np.uint64:
    """The token of the characters in `codes[start:end]`: packed by threes, and each three mixed with those before."""
    mixed = np.uint64(0)
    packed = np.uint64(0)
    for place in range(start, end):
        if place > start and (place - start) % PACKED == 0:
            mixed = mix(mixed ^ packed)
            packed = np.uint64(0)
        # One is added, so that a NUL before a character is not the same as nothing before it.
        packed = packed << np.uint64(21) | np.uint64(codes[place] + 1)
    return packed if end - start <= PACKED else mix(mixed ^ packed)


@kernel
def _copy_rows(
    offsets: NDArray[np.int64], values: NDArray[ValueT], rows: NDArray[np.int64], chosen: NDArray[np.int64]
) -> NDArray[ValueT]:
    copied = np.empty(chosen[-1], values.dtype)
    for place, row in enumerate(rows):
        copied[chosen[place] : chosen[place + 1]] = values[offsets[row] : offsets[row + 1]]
    return copied


@kernel
def _put_rows(
    offsets: NDArray[np.int64], values: NDArray[ValueT], starts: NDArray[np.int64], to: NDArray[ValueT]
) -> None:
    """Copy row i of a ragged array to the place `starts[i]` of another one."""
    for row, start in enumerate(starts):
        size = offsets[row + 1] - offsets[row]
        to[start : start + size] = values[offsets[row] : offsets[row + 1]]


@kernel
def _slide(
    starts: NDArray[np.int64], codes: NDArray[np.uint32], offsets: NDArray[np.int64], width: int
) -> NDArray[np.uint64]:
    tokens = np.empty(offsets[-1], np.uint64)
    for text in range(len(starts) - 1):
        for place in range(offsets[text + 1] - offsets[text]):
            start = starts[text] + place
            tokens[offsets[text] + place] = window_token(codes, start, min(start + width, starts[text + 1]))
    return tokens


@kernel
def _drop_repeats(offsets: NDArray[np.int64], tokens: NDArray[np.uint64]) -> int:
    """Close up the sorted tokens of each text in place, move the offsets along and return how many are left."""
    kept = 0
    start = 0
    for text in range(len(offsets) - 1):
        end = offsets[text + 1]
        offsets[text] = kept
        for place in range(start, end):
            if place == start or tokens[place] != tokens[place - 1]:
                tokens[kept] = tokens[place]
                kept += 1
        start = end
    offsets[-1] = kept
    return kept
