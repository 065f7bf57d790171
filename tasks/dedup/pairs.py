"""Which pairs of texts are alike, and by which of the five layers: each measured, none taken from a hash alone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datasets_registry.records import DuplicateLayer
from tasks.dedup.config import DedupConfig
from tasks.dedup.features import Features, Marks, mask_digits
from tasks.dedup.guard import MANY_FACTS
from tasks.dedup.minhash import candidates
from tasks.dedup.rows import EQUAL
from tasks.similarity.frequency import BUCKETS, document_frequency
from tasks.similarity.hamming import hamming_join
from tasks.similarity.join import SetIndex, Thresholds, build_index, overlaps, probe
from tasks.similarity.phrases import PhraseIndex, PhraseThresholds, build_phrase_index, probe_phrases
from tasks.similarity.shingles import shingle
from tasks.similarity.simhash import distance
from tasks.similarity.slots import Slots

LAYERS: tuple[DuplicateLayer, ...] = ("exact", "hash", "simhash", "ngram", "phrase")
LONG_GRAM = 8

KeysOf = Callable[[NDArray[np.int64]], list[str]]
"""The normalised texts of given rows or numbers."""


@dataclass(frozen=True, slots=True)
class Side:
    """Some texts of a block: its features, the rows that take part, and how to read their normalised texts."""

    features: Features
    rows: NDArray[np.int64]
    keys: KeysOf


@dataclass(frozen=True, slots=True)
class Kept:
    """Texts ready to be compared with: `rows[i]` of the i-th block, numbered as they came."""

    rows: tuple[NDArray[np.int64], ...]
    marks: Marks
    grams: SetIndex
    phrases: PhraseIndex

    @classmethod
    def index(cls, texts: Iterable[tuple[Features, NDArray[np.int64]]], config: DedupConfig) -> Self:
        """Make some rows of blocks findable by what they share with others; one block at a time is held."""
        chosen, kept, grams, phrases, slots = [], [], [], [], []
        frequency = np.zeros(BUCKETS, np.uint32)
        for features, rows in texts:
            chosen.append(rows)
            kept.append(features.marks.take(rows))
            grams.append(features.grams.take(rows))
            frequency += document_frequency(grams[-1])
            phrases.append(features.phrases.take(rows))
            slots.append(features.slots.take(rows))
            del features
        marks, held_apart = Marks.join(kept), Slots.join(slots)
        phrase_index = build_phrase_index(phrases, held_apart, marks.masked_lengths)
        index = build_index(grams, frequency, _thresholds(config), held_apart)
        return cls(tuple(chosen), marks, index, phrase_index)

    def __len__(self) -> int:
        return len(self.marks)

    def first(self, count: int, keys: KeysOf, config: DedupConfig) -> Self:
        """The first `count` of the texts by themselves; `keys` reads them."""
        starts = np.cumsum([0, *map(len, self.rows)]).tolist()
        rows = tuple(own[: max(0, count - start)] for own, start in zip(self.rows, starts, strict=False))
        places = np.argsort(self.grams.rows)[:count]
        slots = self.grams.slots.take(places)
        masked = list(map(mask_digits, keys(np.arange(count))))
        marks = self.marks.take(np.arange(count))
        phrases = shingle(masked, config.phrase_len)
        phrase_index = build_phrase_index([phrases], slots, marks.masked_lengths)
        grams = self.grams.shingles.take(places)
        index = build_index([grams], self.grams.frequency, self.grams.thresholds, slots)
        return type(self)(rows, marks, index, phrase_index)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of a row that may go and the number of a kept text that it may go because of, ordered by both.

    `layer` indexes `LAYERS`. `jaccard` and `containment` (of the first in the second) are of character 3-grams and 0
    where only phrases are shared; `covered` is the share of the first text that phrases of the second cover. `unlike`
    pairs are those that the guard need not look at: most facts of the first do not stand in the second.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    layer: NDArray[np.int8]
    jaccard: NDArray[np.float64]
    containment: NDArray[np.float64]
    covered: NDArray[np.float64]
    unlike: NDArray[np.bool_]

    def of_each(self) -> Iterator[tuple[int, slice]]:
        """Every first row, with where its pairs are."""
        bounds = np.flatnonzero(np.diff(self.first, prepend=-1, append=-1))
        for start, stop in pairwise(bounds.tolist()):
            yield int(self.first[start]), slice(start, stop)

    def downward(self, rows: NDArray[np.int64]) -> Self:
        """Those whose second text is the better-ranked one, where the kept texts are `rows` of the same block."""
        return self.only(rows[self.second] < self.first)

    def only(self, places: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Some of them, in the order of `places`."""
        return type(self)(
            self.first[places],
            self.second[places],
            self.layer[places],
            self.jaccard[places],
            self.containment[places],
            self.covered[places],
            self.unlike[places],
        )

    def score(self, place: int) -> float:
        """How alike a pair is: the greatest of its measures, rounded, so that it reads the same everywhere."""
        measures = (self.jaccard[place], self.containment[place], self.covered[place])
        return round(float(max(measures)), 4)

    def evidence(self, place: int) -> str:
        """What was measured, in words."""
        if LAYERS[self.layer[place]] == "exact":
            return EQUAL
        if not self.jaccard[place]:
            return f"shared phrases cover {self.covered[place]:.3f}"
        return f"jaccard {self.jaccard[place]:.3f}, containment {self.containment[place]:.3f}"


def alike(first: Side, kept: Kept, keys: KeysOf, config: DedupConfig) -> Pairs:
    """Every pair of a text of `first` that may go and one of `kept` that it repeats; `keys` reads the latter."""
    phrases = _by_phrases(first, kept, config)
    measured = _joined(_by_grams(first, kept, keys, phrases, config), phrases)
    ours, theirs = first.features.marks, kept.marks
    a, b = measured.first, measured.second
    rules = (
        ours.keys[a] == theirs.keys[b],
        ours.heads[a] == theirs.heads[b],
        distance(ours.simhashes[a], theirs.simhashes[b]) <= config.simhash_threshold,
        measured.jaccard > 0,
    )
    layer = np.select(rules, range(len(rules)), len(rules)).astype(np.int8)
    return replace(measured, layer=layer, unlike=_unlike(ours, theirs, measured))


def _unlike(ours: Marks, theirs: Marks, pairs: Pairs) -> NDArray[np.bool_]:
    """`is_unlike` of the guard, for many pairs at once."""
    facts = ours.facts.sizes[pairs.first]
    shared = overlaps(ours.facts, pairs.first, theirs.facts, pairs.second)
    least = np.where(pairs.jaccard == 0, 1, MANY_FACTS)
    return (facts >= least) & (2 * (facts - shared) > facts)


def _thresholds(config: DedupConfig) -> Thresholds:
    return Thresholds(config.jaccard_threshold, config.containment_threshold)


def _by_grams(first: Side, kept: Kept, keys: KeysOf, phrases: Pairs, config: DedupConfig) -> Pairs:
    ours = first.features
    if config.engine == "exact":
        matches = probe(kept.grams, ours.grams, slots=ours.slots, rows=first.rows, one_way=True)
        a, b, shared = matches.x.astype(np.int64), matches.y.astype(np.int64), matches.overlap
    else:
        # What only shares phrases by this engine may share enough 3-grams all the same.
        a, b = _candidates(first, kept.marks, config)
        a, b = np.concatenate((a, phrases.first)), np.concatenate((b, phrases.second))
        shared = overlaps(ours.grams, a, kept.grams.shingles, np.argsort(kept.grams.rows)[b])
    sizes = ours.marks.gram_counts[a], kept.marks.gram_counts[b]
    jaccard, containment, goes = _measure(*sizes, shared, config)
    a, b, jaccard, containment = a[goes], b[goes], jaccard[goes], containment[goes]
    measured = _pairs(a, b, jaccard, containment, np.zeros(len(a)))
    return measured.only(_agrees_in_long_grams(first, kept, keys, a, b, config))


def _candidates(
    first: Side, theirs: Marks, config: DedupConfig
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and numbers of pairs that an engine takes for alike."""
    ours = first.features.marks
    if config.engine == "minhash":
        x, y = candidates(ours.signatures[first.rows], theirs.signatures)
    else:
        near = hamming_join(ours.simhashes[first.rows], theirs.simhashes, config.simhash_threshold)
        x, y = near.x.astype(np.int64), near.y.astype(np.int64)
    return first.rows[x], y


def _measure(
    size_a: NDArray[np.int64], size_b: NDArray[np.int64], shared: NDArray[np.int32], config: DedupConfig
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Jaccard, containment of the first in the second, and whether the first may go, from numbers of n-grams.

    A text goes where it is contained in the other, or alike without containing the other: of an excerpt and the whole
    only the excerpt goes, whichever is ranked better.
    """
    jaccard = shared / (size_a + size_b - shared)
    containment = shared / size_a
    contains_other = shared / size_b >= config.containment_threshold
    contained = containment >= config.containment_threshold
    return jaccard, containment, contained | ((jaccard >= config.jaccard_threshold) & ~contains_other)


def _agrees_in_long_grams(
    first: Side, kept: Kept, keys: KeysOf, a: NDArray[np.int64], b: NDArray[np.int64], config: DedupConfig
) -> NDArray[np.bool_]:
    """Whether pairs hold; of very long or very unequal texts, whether their 8-grams say the same as their 3-grams."""
    size_a, size_b = first.features.marks.lengths[a], kept.marks.lengths[b]
    larger, smaller = np.maximum(size_a, size_b), np.minimum(size_a, size_b)
    doubtful = np.flatnonzero((larger > config.long_characters) | (larger > config.unequal * smaller))
    agrees = np.ones(len(a), bool)
    if not len(doubtful):
        return agrees
    rows_a, place_a = np.unique(a[doubtful], return_inverse=True)
    rows_b, place_b = np.unique(b[doubtful], return_inverse=True)
    ours = shingle(first.keys(rows_a), LONG_GRAM)
    theirs = shingle(keys(rows_b), LONG_GRAM)
    shared = overlaps(ours, place_a, theirs, place_b)
    agrees[doubtful] = _measure(ours.sizes[place_a], theirs.sizes[place_b], shared, config)[2]
    return agrees


def _by_phrases(first: Side, kept: Kept, config: DedupConfig) -> Pairs:
    """Pairs of which the second covers the first, and is not the shorter: of those only the shorter goes."""
    ours = first.features
    found = probe_phrases(
        kept.phrases,
        ours.masked,
        PhraseThresholds(config.phrase_overlap, config.phrase_coverage, config.phrase_len),
        slots=ours.slots,
        rows=first.rows,
    )
    a, b = found.x.astype(np.int64), found.y.astype(np.int64)
    length = ours.marks.masked_lengths[a]
    none = np.zeros(len(a))
    covered = found.count * config.phrase_len / np.maximum(length, 1)
    return _pairs(a, b, none, none, covered)


def _pairs(
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    jaccard: NDArray[np.float64],
    containment: NDArray[np.float64],
    covered: NDArray[np.float64],
) -> Pairs:
    return Pairs(a, b, np.zeros(len(a), np.int8), jaccard, containment, covered, np.zeros(len(a), bool))


def _joined(grams: Pairs, phrases: Pairs) -> Pairs:
    """The pairs of both, in order; one that both found is measured by grams."""
    both = _pairs(
        np.concatenate((grams.first, phrases.first)),
        np.concatenate((grams.second, phrases.second)),
        np.concatenate((grams.jaccard, phrases.jaccard)),
        np.concatenate((grams.containment, phrases.containment)),
        np.concatenate((grams.covered, phrases.covered)),
    )
    order = np.lexsort((both.jaccard == 0, both.second, both.first))
    both = both.only(order)
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(both.first) != 0) | (np.diff(both.second) != 0)
    return both.only(fresh)
