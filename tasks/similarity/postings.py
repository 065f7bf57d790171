"""Which indexed texts hold a token: lists of text numbers behind the sorted hashes of all tokens."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import kernel, mix
from tasks.similarity.shingles import Shingles

FEW = 24
"""So many entries of a bucket are sorted by insertion, more by merging: a frequent token has its bucket full."""
PARTS = 1024
"""Tokens are put into so many parts first, each small enough for a processor's cache."""


class Postings(NamedTuple):
    """The texts of each token in two ascending lists. (A named tuple is what numba accepts.)

    Tokens are numbered in the order of their mixed bits. Token number i is in the front of
    `texts[starts[i]:middles[i]]` and the rest of `texts[middles[i]:starts[i + 1]]`.
    """

    buckets: NDArray[np.int32]
    """`[2**bits + 1]`: the first number of a token whose mixed form begins with given bits."""

    hashes: NDArray[np.uint64]
    """The tokens in their mixed form, which no two share, ascending."""

    starts: NDArray[np.int32]
    middles: NDArray[np.int32]
    texts: NDArray[np.int32]


def build_postings(shingles: Shingles, front: NDArray[np.bool_] | None = None) -> Postings:
    """Index texts by their tokens; `front` says of each token of `shingles` which of the two lists it goes to.

    Without it all go to the front.
    """
    front = np.zeros(0, np.bool_) if front is None else front
    return Postings(*_sort_tokens(shingles.offsets, shingles.tokens, front))


@kernel
def look_up(postings: Postings, tokens: NDArray[np.uint64]) -> NDArray[np.int32]:
    """The number of each token, -1 where no text holds it."""
    shift = _shift(len(postings.buckets) - 1)
    numbers = np.empty(len(tokens), np.int32)
    for place, token in enumerate(tokens):
        mixed = mix(token)
        number = postings.buckets[mixed >> shift]
        end = postings.buckets[np.int64(mixed >> shift) + 1]
        while number < end and postings.hashes[number] < mixed:
            number += 1
        numbers[place] = number if number < end and postings.hashes[number] == mixed else -1
    return numbers


@kernel
def _shift(buckets: int) -> np.uint64:
    """By how many bits a mixed token is shifted to the number of its bucket; `buckets` is a power of 2, at least 2."""
    shift = 64
    while buckets > 1:
        buckets //= 2
        shift -= 1
    return np.uint64(shift)


@kernel
def _sort_tokens(
    offsets: NDArray[np.int64], tokens: NDArray[np.uint64], front: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.uint64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """The fields of `Postings`, by putting tokens into about a quarter as many buckets and sorting each of these."""
    size = 2
    while size < len(tokens) // 4:
        size *= 2
    ends, hashes, texts = _fill_buckets(offsets, tokens, front, size)
    distinct = _sort_buckets(ends, hashes, texts)
    buckets = np.empty(size + 1, np.int32)
    starts = np.empty(distinct + 1, np.int32)
    # Where all texts are in front, a list ends where its front does.
    middles = np.empty(distinct, np.int32) if len(front) else starts[1:]
    number = -1
    place = 0
    for bucket in range(size):
        buckets[bucket] = number + 1
        while place < ends[bucket]:
            number += 1
            mixed = hashes[place]
            starts[number] = place
            while place < ends[bucket] and hashes[place] == mixed:
                place += 1
            if len(front):
                middles[number] = starts[number] + _put_in_front(texts[starts[number] : place])
            # What was read is no longer needed, so distinct hashes take its place.
            hashes[number] = mixed
    buckets[size] = distinct
    starts[distinct] = place
    # A copy gives memory back only where it is much the smaller one.
    hashes = hashes[:distinct] if 2 * distinct > len(hashes) else hashes[:distinct].copy()
    return buckets, hashes, starts, middles, texts


@kernel
def _put_in_front(texts: NDArray[np.int32]) -> int:
    """Put the complements in a list behind the others, as what they are of, and count those others."""
    ahead = 0
    for text in texts:
        ahead += text >= 0
    if ahead < len(texts):
        front, rest = 0, ahead
        for text in texts.copy():
            if text >= 0:
                texts[front] = text
                front += 1
            else:
                texts[rest] = ~text
                rest += 1
    return ahead


@kernel
def _fill_buckets(
    offsets: NDArray[np.int64], tokens: NDArray[np.uint64], front: NDArray[np.bool_], size: int
) -> tuple[NDArray[np.int32], NDArray[np.uint64], NDArray[np.int32]]:
    """The end of each bucket, and bucket by bucket the mixed tokens and their texts, complemented if not in front."""
    parts = min(size, PARTS)
    shift = _shift(parts)
    ends = np.zeros(parts, np.int32)
    for token in tokens:
        ends[mix(token) >> shift] += 1
    hashes, texts = np.empty(len(tokens), np.uint64), np.empty(len(tokens), np.int32)
    following = np.cumsum(ends) - ends
    for text in range(len(offsets) - 1):
        for place in range(offsets[text], offsets[text + 1]):
            mixed = mix(tokens[place])
            entry = following[mixed >> shift]
            following[mixed >> shift] += 1
            hashes[entry] = mixed
            texts[entry] = text if len(front) == 0 or front[place] else ~text
    ends = np.empty(size, np.int32)
    each = size // parts
    start = 0
    for part in range(parts):
        end = following[part]
        _fill_part(hashes[start:end], texts[start:end], ends[part * each : (part + 1) * each], size)
        ends[part * each : (part + 1) * each] += start
        start = end
    return ends, hashes, texts


@kernel
def _fill_part(
    hashes: NDArray[np.uint64], texts: NDArray[np.int32], ends: NDArray[np.int32], size: int
) -> None:
    """Put the entries of a part in the order of its buckets, of all `size` ones, and fill in where these end."""
    shift, last = _shift(size), np.uint64(len(ends) - 1)
    ends[:] = 0
    for mixed in hashes:
        ends[(mixed >> shift) & last] += 1
    following = np.cumsum(ends) - ends
    old_hashes, old_texts = hashes.copy(), texts.copy()
    for place, mixed in enumerate(old_hashes):
        bucket = (mixed >> shift) & last
        entry = following[bucket]
        following[bucket] += 1
        hashes[entry] = mixed
        texts[entry] = old_texts[place]
    ends[:] = following


@kernel
def _sort_buckets(ends: NDArray[np.int32], hashes: NDArray[np.uint64], texts: NDArray[np.int32]) -> int:
    """Sort every bucket by hash, equal ones as they stand; how many different ones there are."""
    distinct = 0
    start = 0
    for end in ends:
        if end - start > FEW:
            order = np.argsort(hashes[start:end], kind="mergesort")
            hashes[start:end] = hashes[start:end][order]
            texts[start:end] = texts[start:end][order]
        else:
            for place in range(start + 1, end):
                mixed, text = hashes[place], texts[place]
                hole = place
                while hole > start and hashes[hole - 1] > mixed:
                    hashes[hole], texts[hole] = hashes[hole - 1], texts[hole - 1]
                    hole -= 1
                hashes[hole], texts[hole] = mixed, text
        for place in range(start, end):
            distinct += place == start or hashes[place] != hashes[place - 1]
        start = end
    return distinct
