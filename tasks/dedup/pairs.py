"""Which pairs of texts are alike, and by which of the five layers: each measured, none taken from a hash alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datasets_registry.records import DuplicateLayer
from tasks.dedup.config import DedupConfig
from tasks.dedup.features import Features
from tasks.dedup.guard import MANY_FACTS
from tasks.dedup.minhash import candidates
from tasks.dedup.rows import EQUAL
from tasks.similarity.hamming import hamming_join
from tasks.similarity.join import SetIndex, Thresholds, build_index, overlaps, probe
from tasks.similarity.phrases import PhraseIndex, PhraseThresholds, build_phrase_index, probe_phrases
from tasks.similarity.shingles import Shingles, shingle
from tasks.similarity.simhash import distance

LAYERS: tuple[DuplicateLayer, ...] = ("exact", "hash", "simhash", "ngram", "phrase")
LONG_GRAM = 8

KeysOf = Callable[[NDArray[np.int64]], list[str]]
"""The normalised texts of given rows."""


@dataclass(frozen=True, slots=True)
class Side:
    """Some texts of a block: its features, the rows that take part, and how to read their normalised texts.

    `frequency` says in how many texts of the block a 3-gram stands: the join looks for rare ones first.
    """

    features: Features
    frequency: NDArray[np.uint32]
    rows: NDArray[np.int64]
    keys: KeysOf


@dataclass(frozen=True, slots=True)
class Kept:
    """Texts that stay, ready to be compared with."""

    side: Side
    grams: SetIndex
    phrases: PhraseIndex

    @classmethod
    def index(cls, side: Side, config: DedupConfig) -> Self:
        """Make texts findable by what they share with others."""
        features, rows = side.features, side.rows
        slots = features.slots.take(rows)
        return cls(
            side,
            build_index(features.grams.take(rows), side.frequency, _thresholds(config), slots),
            build_phrase_index(features.phrases.take(rows), slots),
        )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of which the first text may go because of the second, ordered by both rows.

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

    def downward(self) -> Self:
        """Those whose second text is the better-ranked of two texts of one block."""
        return self.only(self.second < self.first)

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


def alike(first: Side, kept: Kept, config: DedupConfig) -> Pairs:
    """Every pair of a text of `first` that may go and a text of `kept` that it repeats."""
    phrases = _by_phrases(first, kept, config)
    measured = _joined(_by_grams(first, kept, phrases, config), phrases)
    ours, theirs = first.features, kept.side.features
    a, b = measured.first, measured.second
    rules = (
        ours.keys[a] == theirs.keys[b],
        ours.heads[a] == theirs.heads[b],
        distance(ours.simhashes[a], theirs.simhashes[b]) <= config.simhash_threshold,
        measured.jaccard > 0,
    )
    layer = np.select(rules, range(len(rules)), len(rules)).astype(np.int8)
    return replace(measured, layer=layer, unlike=_unlike(ours, theirs, measured))


def _unlike(ours: Features, theirs: Features, pairs: Pairs) -> NDArray[np.bool_]:
    """`is_unlike` of the guard, for many pairs at once."""
    facts = ours.facts.sizes[pairs.first]
    shared = overlaps(ours.facts, pairs.first, theirs.facts, pairs.second)
    least = np.where(pairs.jaccard == 0, 1, MANY_FACTS)
    return (facts >= least) & (2 * (facts - shared) > facts)


def _thresholds(config: DedupConfig) -> Thresholds:
    return Thresholds(config.jaccard_threshold, config.containment_threshold)


def _by_grams(first: Side, kept: Kept, phrases: Pairs, config: DedupConfig) -> Pairs:
    ours, theirs = first.features, kept.side.features
    if config.engine == "exact":
        matches = probe(kept.grams, ours.grams, first.frequency, slots=ours.slots, rows=first.rows)
        a, b, shared = matches.x.astype(np.int64), kept.side.rows[matches.y], matches.overlap
    else:
        # What only shares phrases by this engine may share enough 3-grams all the same.
        a, b = _candidates(first, kept.side, config)
        a, b = np.concatenate((a, phrases.first)), np.concatenate((b, phrases.second))
        shared = overlaps(ours.grams, a, theirs.grams, b)
    jaccard, containment, goes = _measure(ours.grams, theirs.grams, a, b, shared, config)
    a, b, jaccard, containment = a[goes], b[goes], jaccard[goes], containment[goes]
    measured = _pairs(a, b, jaccard, containment, np.zeros(len(a)))
    return measured.only(_agrees_in_long_grams(first, kept.side, a, b, config))


def _candidates(
    first: Side, second: Side, config: DedupConfig
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of pairs that an engine takes for alike."""
    ours, theirs = first.features, second.features
    if config.engine == "minhash":
        x, y = candidates(ours.signatures[first.rows], theirs.signatures[second.rows])
    else:
        hashes = ours.simhashes[first.rows], theirs.simhashes[second.rows]
        near = hamming_join(*hashes, config.simhash_threshold)
        x, y = near.x.astype(np.int64), near.y.astype(np.int64)
    return first.rows[x], second.rows[y]


def _measure(
    ours: Shingles,
    theirs: Shingles,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    shared: NDArray[np.int32],
    config: DedupConfig,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Jaccard, containment of the first in the second, and whether the first may go.

    A text goes where it is contained in the other, or alike without containing the other: of an excerpt and the whole
    only the excerpt goes, whichever is ranked better.
    """
    size_a, size_b = ours.sizes[a], theirs.sizes[b]
    jaccard = shared / (size_a + size_b - shared)
    containment = shared / size_a
    contains_other = shared / size_b >= config.containment_threshold
    contained = containment >= config.containment_threshold
    return jaccard, containment, contained | ((jaccard >= config.jaccard_threshold) & ~contains_other)


def _agrees_in_long_grams(
    first: Side, second: Side, a: NDArray[np.int64], b: NDArray[np.int64], config: DedupConfig
) -> NDArray[np.bool_]:
    """Whether pairs hold; of very long or very unequal texts, whether their 8-grams say the same as their 3-grams."""
    size_a, size_b = first.features.lengths[a], second.features.lengths[b]
    larger, smaller = np.maximum(size_a, size_b), np.minimum(size_a, size_b)
    doubtful = np.flatnonzero((larger > config.long_characters) | (larger > config.unequal * smaller))
    agrees = np.ones(len(a), bool)
    if not len(doubtful):
        return agrees
    rows_a, place_a = np.unique(a[doubtful], return_inverse=True)
    rows_b, place_b = np.unique(b[doubtful], return_inverse=True)
    ours = shingle(first.keys(rows_a), LONG_GRAM)
    theirs = shingle(second.keys(rows_b), LONG_GRAM)
    shared = overlaps(ours, place_a, theirs, place_b)
    agrees[doubtful] = _measure(ours, theirs, place_a, place_b, shared, config)[2]
    return agrees


def _by_phrases(first: Side, kept: Kept, config: DedupConfig) -> Pairs:
    """Pairs of which the second covers the first, and the first is not the longer: of those only the shorter goes."""
    ours, theirs = first.features, kept.side.features
    found = probe_phrases(
        kept.phrases,
        ours.masked,
        PhraseThresholds(config.phrase_overlap, config.phrase_coverage, config.phrase_len),
        slots=ours.slots,
        rows=first.rows,
    )
    a, b = found.x.astype(np.int64), kept.side.rows[found.y]
    length = np.diff(ours.masked.offsets)[a]
    none = np.zeros(len(a))
    covered = found.count * config.phrase_len / np.maximum(length, 1)
    return _pairs(a, b, none, none, covered).only(length <= np.diff(theirs.masked.offsets)[b])


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
