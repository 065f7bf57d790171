"""Which indexed texts hold a token: a hash table of tokens over lists of text numbers."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import kernel, mix
from tasks.similarity.shingles import Shingles

SMALLEST = 1024
"""Fewest entries of the hash table; it doubles whenever two thirds of them are taken."""


AHEAD = 256
"""Tokens that are looked up together before they are put into the table."""


class Postings(NamedTuple):
    """The texts of each token in two ascending lists. (A named tuple is what numba accepts.)

    Token number i is in the front of `texts[starts[i]:middles[i]]` and the rest of `texts[middles[i]:starts[i + 1]]`.
    The number of a token stands beside its entry of `table`, the first from its hash on that holds it.
    """

    table: NDArray[np.uint64]
    numbers: NDArray[np.int32]
    """Beside each entry of the table; -1 where the entry is free."""

    starts: NDArray[np.int32]
    middles: NDArray[np.int32]
    texts: NDArray[np.int32]


def build_postings(shingles: Shingles, front: NDArray[np.bool_]) -> Postings:
    """Index texts by their tokens; `front` says of each token of `shingles` which of the two lists it goes to."""
    table, numbers, each, distinct = _number_tokens(shingles.tokens)
    starts, middles, texts = _list_texts(shingles.offsets, each, front, distinct)
    return Postings(table, numbers, starts, middles, texts)


@kernel
def find(table: NDArray[np.uint64], numbers: NDArray[np.int32], token: np.uint64) -> np.int64:
    """The entry of a token in the table, or the free one where it would be."""
    entry = np.int64(mix(token) & np.uint64(len(table) - 1))
    while numbers[entry] >= 0 and table[entry] != token:
        entry = (entry + 1) & (len(table) - 1)
    return entry


@kernel
def look_up(postings: Postings, tokens: NDArray[np.uint64]) -> NDArray[np.int32]:
    """The number of each token, -1 where no text holds it."""
    return postings.numbers[_entries(postings.table, postings.numbers, tokens)]


@kernel
def _number_tokens(
    tokens: NDArray[np.uint64],
) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int32], int]:
    """Number the distinct tokens as they first come: the hash table, its numbers, the number of each, how many."""
    size = SMALLEST
    while size < len(tokens) // 4:
        size *= 2
    table = np.empty(size, np.uint64)
    numbers = np.full(size, -1, np.int32)
    each = np.empty(len(tokens), np.int32)
    distinct = 0
    for start in range(0, len(tokens), AHEAD):
        ahead = tokens[start : start + AHEAD]
        if 3 * (distinct + len(ahead)) > 2 * len(table):
            table, numbers = _grow(table, numbers)
        entries = _entries(table, numbers, ahead)
        for place, token in enumerate(ahead):
            entry = entries[place]
            # What was put in since may have taken the entry, or be the same token.
            while numbers[entry] >= 0 and table[entry] != token:
                entry = (entry + 1) & (len(table) - 1)
            if numbers[entry] < 0:
                table[entry] = token
                numbers[entry] = distinct
                distinct += 1
            each[start + place] = numbers[entry]
    return table, numbers, each, distinct


@kernel
def _entries(
    table: NDArray[np.uint64], numbers: NDArray[np.int32], tokens: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """`find` of each token: all in one loop, in which waits for memory overlap."""
    entries = np.empty(len(tokens), np.int64)
    for place, token in enumerate(tokens):
        entries[place] = find(table, numbers, token)
    return entries


@kernel
def _grow(
    table: NDArray[np.uint64], numbers: NDArray[np.int32]
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    larger = np.empty(2 * len(table), np.uint64)
    renumbered = np.full(2 * len(table), -1, np.int32)
    for old in range(len(table)):
        if numbers[old] >= 0:
            entry = find(larger, renumbered, table[old])
            larger[entry] = table[old]
            renumbered[entry] = numbers[old]
    return larger, renumbered


@kernel
def _list_texts(
    offsets: NDArray[np.int64], each: NDArray[np.int32], front: NDArray[np.bool_], distinct: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    starts = np.zeros(distinct + 1, np.int32)
    middles = np.zeros(distinct, np.int32)
    for place, number in enumerate(each):
        starts[number + 1] += 1
        middles[number] += front[place]
    for number in range(distinct):
        starts[number + 1] += starts[number]
        middles[number] += starts[number]
    next_front = starts[:-1].copy()
    next_rest = middles.copy()
    texts = np.empty(len(each), np.int32)
    for text in range(len(offsets) - 1):
        for place in range(offsets[text], offsets[text + 1]):
            following = next_front if front[place] else next_rest
            texts[following[each[place]]] = text
            following[each[place]] += 1
    return starts, middles, texts
