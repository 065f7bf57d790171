"""The loops of a search that NumPy would take several passes for, compiled.

All give the same bits on every call: each row's score is added up in the order of the query's words or dimensions.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.similarity.compiled import RADIX_BITS, kernel, mix, sort_by_byte

SAMPLE = 1024
"""About how many rows are looked at to guess how good the best are."""
SPARE = 12
"""By how many of the sample the guess is lowered, so that it is seldom too high."""
BLOCK = 16_384
"""Rows whose scores stay in a near memory of the processor while all columns are added to them.

Over 40,000 rows and 286 columns that took 0.6 ms; blocks of 4,096 and four columns at a time took 1.1 ms, since short
runs are not read ahead (2026-11-22).
"""


@kernel
def add_postings(
    indices: NDArray[np.int32],
    data: NDArray[np.float32],
    starts: NDArray[np.int64],
    terms: NDArray[np.int64],
    weights: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> None:
    """Add `weights[n] * data[p]` to the score of row `indices[p]`, for every posting p of every term n."""
    for number in range(len(terms)):
        weight = weights[number]
        for posting in range(starts[terms[number]], starts[terms[number] + 1]):
            scores[indices[posting]] += weight * data[posting]


@kernel
def add_columns(
    columns: NDArray[np.float32],
    numbers: NDArray[np.int64],
    weights: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> None:
    """Add `weights[n] * columns[numbers[n]]` to the scores, eight columns at a time.

    `columns` are `[dimensions, rows]` of any number type, `scores` `[rows]`.
    """
    whole = len(numbers) // 8 * 8
    for start in range(0, len(scores), BLOCK):
        end = min(len(scores), start + BLOCK)
        part = scores[start:end]
        for n in range(0, whole, 8):
            a, b = columns[numbers[n], start:end], columns[numbers[n + 1], start:end]
            c, d = columns[numbers[n + 2], start:end], columns[numbers[n + 3], start:end]
            e, f = columns[numbers[n + 4], start:end], columns[numbers[n + 5], start:end]
            g, h = columns[numbers[n + 6], start:end], columns[numbers[n + 7], start:end]
            of_a, of_b, of_c, of_d = weights[n], weights[n + 1], weights[n + 2], weights[n + 3]
            of_e, of_f, of_g, of_h = weights[n + 4], weights[n + 5], weights[n + 6], weights[n + 7]
            for row in range(end - start):
                first = of_a * np.float32(a[row]) + of_b * np.float32(b[row])
                second = of_c * np.float32(c[row]) + of_d * np.float32(d[row])
                third = of_e * np.float32(e[row]) + of_f * np.float32(f[row])
                fourth = of_g * np.float32(g[row]) + of_h * np.float32(h[row])
                part[row] += (first + second) + (third + fourth)
        for n in range(whole, len(numbers)):
            column, weight = columns[numbers[n], start:end], weights[n]
            for row in range(end - start):
                part[row] += weight * np.float32(column[row])


@kernel
def select_best(
    scores: NDArray[np.float32], mask: NDArray[np.bool_], above: np.float32, k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `k` best rows with a score over `above`, best first, ties by row.

    `mask` tells the rows that count; of length 0 it lets all through. Rows are first held against a score that about
    1.5 k of them reach, by a sample; in the rare case that it was too high, all are taken.
    """
    stride = max(1, len(scores) // SAMPLE)
    rank = 3 * k // (2 * stride) + SPARE
    sample = _over(scores, mask, above, stride)
    rows = np.empty(0, np.int64)
    if stride > 1 and rank < len(sample):
        least = scores[_best_first(scores, sample)[rank - 1]]
        rows = _over(scores, mask, max(above, np.nextafter(least, np.float32(-np.inf))), 1)
    if len(rows) < k:
        rows = sample if stride == 1 else _over(scores, mask, above, 1)
    best = _best_first(scores, rows)[:k]
    return best, scores[best]


@kernel
def _over(
    scores: NDArray[np.float32], mask: NDArray[np.bool_], above: np.float32, stride: int
) -> NDArray[np.int64]:
    """Those of every `stride`-th row that the mask allows and whose score is over `above`."""
    rows = np.empty((len(scores) + stride - 1) // stride, np.int64)
    size = 0
    for row in range(0, len(scores), stride):
        if scores[row] > above and (len(mask) == 0 or mask[row]):
            rows[size] = row
            size += 1
    return rows[:size]


@kernel
def _best_first(scores: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows by score, best first, ties as they stand; sorted by bytes, since no processor foresees comparisons."""
    kept = scores[rows] + np.float32(0)  # of two zeros there is one
    keys = kept.view(np.uint32)
    for place, key in enumerate(keys):  # the bits of floats ascend like their sizes
        keys[place] = key if key >> np.uint32(31) else np.uint32(0x7FFFFFFF) - key
    order = rows.copy()
    to_keys, to_order = np.empty_like(keys), np.empty_like(order)
    for shift in range(0, 32, RADIX_BITS):
        sort_by_byte(keys, order, shift, to_keys, to_order)
        keys, to_keys = to_keys, keys
        order, to_order = to_order, order
    return order


@kernel
def first_of_each(rows: NDArray[np.int64], documents: NDArray[np.int32]) -> NDArray[np.int64]:
    """The places in `rows` at which a document stands for the first time; documents are numbers from 0."""
    table = _empty_table(len(rows))
    found = np.empty(len(rows), np.int32)
    places = np.empty(len(rows), np.int64)
    size = 0
    for place in range(len(rows)):
        document = documents[rows[place]]
        slot = _slot(table, found, document)
        if table[slot] < 0:
            table[slot], found[size], places[size] = size, document, place
            size += 1
    return places[:size]


@kernel
def add_rankings(
    documents: NDArray[np.int32],
    given: NDArray[np.float64],
    rows: NDArray[np.int64],
    other_documents: NDArray[np.int32],
    other_given: NDArray[np.float64],
    other_rows: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """The documents of two rankings by the sum of what both give them, best first, ties by number.

    Each comes with its row in the ranking that gives it more, in the first where both give the same.
    """
    most = len(documents) + len(other_documents)
    table = _empty_table(most)
    found, sums, kept = np.empty(most, np.int32), np.empty(most, np.float64), np.empty(most, np.int64)
    size = len(documents)
    for place in range(size):
        table[_slot(table, found, documents[place])] = place
        found[place], sums[place], kept[place] = documents[place], given[place], rows[place]
    for place in range(len(other_documents)):
        slot = _slot(table, found, other_documents[place])
        if table[slot] < 0:
            table[slot], found[size], sums[size] = size, other_documents[place], 0.0
            kept[size] = other_rows[place]
            size += 1
        known = table[slot]
        if other_given[place] > sums[known]:
            kept[known] = other_rows[place]
        sums[known] += other_given[place]
    by_number = np.argsort(found[:size])
    order = by_number[np.argsort(-sums[by_number], kind="mergesort")]
    return found[order], sums[order], kept[order]


@kernel
def _empty_table(most: int) -> NDArray[np.int32]:
    """A hash table with room for so many entries, each the place of a number in a list; -1 is free."""
    return np.full(_room(most), -1, np.int32)


@kernel
def _room(most: int) -> int:
    """The slots of a hash table for so many entries: a power of two, half of it free."""
    room = 16
    while room < 2 * most:
        room *= 2
    return room


@kernel
def _slot(table: NDArray[np.int32], numbers: NDArray[np.int32], number: int) -> np.uint64:
    """Where the place of a number in `numbers` stands in a table, or a free slot for it."""
    last = np.uint64(len(table) - 1)
    slot = mix(np.uint64(number)) & last
    while table[slot] >= 0 and numbers[table[slot]] != number:
        slot = (slot + np.uint64(1)) & last
    return slot


@kernel
def hash_grams(codes: NDArray[np.uint32], vector: NDArray[np.float32]) -> None:
    """Add the characters and pairs of a text to a zero vector: signed by hash, square-root counts, length 1.

    `codes` are its code points, 21 bits each; a character alone counts as the pair of it and 0.
    """
    room = _room(2 * len(codes))
    keys = np.zeros(room, np.uint64)
    counts = np.zeros(room, np.int64)
    for place in range(2 * len(codes) - 1):
        second = np.uint64(codes[place // 2 + 1]) if place % 2 else np.uint64(0)
        key = np.uint64(codes[place // 2]) << np.uint64(21) | second
        slot = _spread(key) >> np.uint64(32) & np.uint64(room - 1)
        while counts[slot] and keys[slot] != key:
            slot = (slot + np.uint64(1)) & np.uint64(room - 1)
        keys[slot] = key
        counts[slot] += 1
    cells = np.zeros(len(vector), np.float64)
    for place in range(room):
        if counts[place]:
            mixed = _spread(keys[place])
            sign = -1.0 if mixed >> np.uint64(63) == 0 else 1.0
            cells[mixed % np.uint64(len(vector))] += sign * np.sqrt(counts[place])
    norm = np.sqrt(np.sum(cells * cells))
    if norm > 0:
        for cell in range(len(vector)):
            vector[cell] = cells[cell] / norm


@kernel
def _spread(value: np.uint64) -> np.uint64:
    """A multiply-xor-shift hash; indexes hold vectors made with it."""
    value = value * np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return value ^ (value >> np.uint64(32))
