"""Which texts of a pool repeat a better one, by the n-gram and phrase rules of deduplication.

There is no identity guard here: two notices that differ in one number are both true, but as contexts of a third
document one of them is enough.
"""

import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from tasks.contexts.config import ContextConfig
from tasks.similarity.join import overlaps
from tasks.similarity.phrases import PhraseThresholds, build_phrase_index, probe_phrases
from tasks.similarity.shingles import code_points, shingle
from tasks.text.normalise import normalise_key

GRAM = 3
"""Characters of the n-grams that overlap is measured with."""
DIGITS = re.compile(r"[0-9][0-9.]*")
"""Phrases do not tell numbers apart."""


def without_repeats(
    pools: Sequence[Sequence[int]], texts: Sequence[str], config: ContextConfig
) -> list[list[int]]:
    """Each pool without the texts that repeat an earlier one that stays; its first text always stays.

    Args:
        pools: numbers of texts, best first.
        texts: what the numbers mean.
        config: when two texts say the same.
    """
    alike = _alike(sorted({pair for pool in pools for pair in combinations(sorted(pool), 2)}), texts, config)
    chosen = []
    for pool in pools:
        stay: list[int] = []
        for number in pool:
            if not any((min(number, other), max(number, other)) in alike for other in stay):
                stay.append(number)
        chosen.append(stay)
    return chosen


def _alike(
    pairs: Sequence[tuple[int, int]], texts: Sequence[str], config: ContextConfig
) -> set[tuple[int, int]]:
    """Those of the pairs, smaller number first, that say the same."""
    if not pairs:
        return set()
    keys = list(map(normalise_key, texts))
    grams = shingle(keys, GRAM)
    x, y = np.array(pairs, np.int64).T
    shared = overlaps(grams, x, grams, y)
    sizes = grams.sizes[x], grams.sizes[y]
    smaller = np.minimum(*sizes)
    union = np.maximum(sizes[0] + sizes[1] - shared, 1)
    same = (shared >= config.jaccard_threshold * union) | (shared >= config.containment_threshold * smaller)
    same &= smaller > 0
    masked = [DIGITS.sub("0", key) for key in keys]
    covers = probe_phrases(
        build_phrase_index([shingle(masked, config.phrase_len)]),
        code_points(masked),
        PhraseThresholds(config.phrase_overlap, config.phrase_coverage, config.phrase_len),
    )
    low, high = np.minimum(covers.x, covers.y).tolist(), np.maximum(covers.x, covers.y).tolist()
    covered = set(zip(low, high, strict=True))
    return {pair for pair, by_grams in zip(pairs, same.tolist(), strict=True) if by_grams or pair in covered}
