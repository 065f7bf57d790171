"""Choose k1, b, alpha and the kind of vectors on development queries, which are never those that search is measured on.

Everything is scored by RR@10 of documents. A setting is left only for one that is better by more than a standard error
of the paired difference: with few or senseless queries (titles of statutes are numbers), nothing is moved.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from datasets_registry.records import Question
from tasks.indexing.config import TuningConfig
from tasks.indexing.development import Sample
from tasks.retrieval.config import SearchConfig
from tasks.retrieval.fusion import minmax, reciprocal_ranks
from tasks.retrieval.ranking import Leg
from tasks.retrieval.tokens import Tokenizer

Scores = NDArray[np.float64]

K1 = (0.6, 0.9, 1.2, 1.5, 2.0)
B = (0.2, 0.4, 0.6, 0.75)
ALPHAS = tuple(step / 10 for step in range(11))
SAFE_ALPHA = 0.9
"""Without development queries: nearly BM25 alone, which fails last."""
DEPTH = 10
KIND_ERRORS = 2.0
"""Standard errors by which another kind of vectors must be better: all of them are embedded anew for it."""


@dataclass(frozen=True, slots=True)
class VectorLeg:
    """One kind of vectors: a unit row for each passage of the sample and for each query."""

    passages: NDArray[np.float32]
    queries: NDArray[np.float32]


class Postings:
    """The words of all queries in the passages of a sample, scored by BM25 under any k1 and b."""

    def __init__(
        self, sample: Sample, wanted: Collection[str], search: SearchConfig, boosted: Collection[str]
    ) -> None:
        """Count; `boosted` words weigh `search.term_boost` times as much."""
        self._lengths = np.array([len(tokens) for tokens in sample.tokens], np.float64)
        rows: dict[str, list[int]] = defaultdict(list)
        counts: dict[str, list[int]] = defaultdict(list)
        for row, tokens in enumerate(sample.tokens):
            for token, count in Counter(tokens).items():
                if token in wanted:
                    rows[token].append(row)
                    counts[token].append(count)
        size = len(sample.tokens)
        self._rows = {token: np.array(found) for token, found in rows.items()}
        self._counts = {
            token: np.minimum(found, search.tf_cap) if search.tf_cap else np.array(found)
            for token, found in counts.items()
        }
        self._weight = {
            token: float(np.log1p((size - len(found) + 0.5) / (len(found) + 0.5)))
            * (search.term_boost if token in boosted else 1.0)
            for token, found in rows.items()
        }

    def scores(self, tokens: Sequence[str], k1: float, b: float) -> Scores:
        """The BM25 score of every passage, as Lucene and bm25s have it."""
        damping = k1 * (1 - b + b * self._lengths / max(self._lengths.mean(), 1))
        total = np.zeros(len(self._lengths))
        for token, times in Counter(token for token in tokens if token in self._rows).items():
            rows, counts = self._rows[token], self._counts[token]
            total[rows] += times * self._weight[token] * counts / (counts + damping[rows])
        return total


class Trial:
    """The development queries put to a sample."""

    def __init__(
        self,
        sample: Sample,
        questions: Sequence[Question],
        search: SearchConfig,
        tokenizer: Tokenizer,
        boosted: Collection[str] = (),
    ) -> None:
        """Count the words of the queries in the sample."""
        self._search = search
        self._queries = [tokenizer.tokens(question.query) for question in questions]
        wanted = frozenset(token for tokens in self._queries for token in tokens)
        self._postings = Postings(sample, wanted, search, boosted)
        self.documents = list(dict.fromkeys(sample.documents))
        number = {name: place for place, name in enumerate(self.documents)}
        places = np.array([number[name] for name in sample.documents])
        self._starts = np.flatnonzero(np.diff(places, prepend=-1))
        self._gold = [
            np.array([number[name] for name in question.gold if name in number], np.int64)
            for question in questions
        ]

    def words(self, k1: float, b: float) -> list[Scores]:
        """BM25 of every document for each query."""
        return [self._best(self._postings.scores(tokens, k1, b)) for tokens in self._queries]

    def meaning(self, leg: VectorLeg) -> list[Scores]:
        """The cosine of every document for each query."""
        return [self._best((leg.passages @ query).astype(np.float64)) for query in leg.queries]

    def alone(self, leg: Sequence[Scores]) -> Scores:
        """The reciprocal rank of each query by one leg."""
        return np.array(
            [_reciprocal(scores, gold, scores > 0) for scores, gold in zip(leg, self._gold, strict=True)]
        )

    def mixed(self, words: Sequence[Scores], meaning: Sequence[Scores]) -> Scores:
        """The reciprocal rank of each query `[alphas, queries]` by the two legs fused at every alpha."""
        found = np.zeros((len(ALPHAS), len(self._queries)))
        for place, (left, right, gold) in enumerate(zip(words, meaning, self._gold, strict=True)):
            by_words, by_meaning = self._given(left, left > 0), self._given(right, right != 0)
            either = np.isfinite(by_words) | np.isfinite(by_meaning)
            left, right = (np.nan_to_num(given, nan=0.0) for given in (by_words, by_meaning))
            for row, alpha in enumerate(ALPHAS):
                share = 0.5 if self._search.fusion == "rrf" else alpha
                found[row, place] = _reciprocal(share * left + (1 - share) * right, gold, either)
        return found

    def _best(self, scores: Scores) -> Scores:
        return np.maximum.reduceat(scores, self._starts)

    def _given(self, scores: Scores, brought: NDArray[np.bool_]) -> Scores:
        """What fusion makes of the best documents of a leg; not a number for those that it does not bring."""
        places = np.flatnonzero(brought)
        order = places[np.lexsort((places, -scores[places]))[: self._search.pool]]
        leg = Leg(order.astype(np.int32), scores[order], order)
        out = np.full(len(scores), np.nan)
        out[order] = minmax(leg) if self._search.fusion == "minmax" else reciprocal_ranks(leg)
        return out


def tune(
    trial: Trial, legs: Mapping[str, VectorLeg], search: SearchConfig, config: TuningConfig
) -> tuple[str, SearchConfig, dict[str, float]]:
    """The kind of vectors and the settings that find the most, and RR@10 of all that was tried.

    `legs` by kind, the one to stay with first: another one must be better by two standard errors.
    """
    figures: dict[str, float] = {}
    as_set = trial.words(search.k1, search.b)
    words, found = as_set, trial.alone(as_set)
    figures["bm25 as set"] = _mean(found)
    grid = product(
        K1 if "k1" in config.settings else (search.k1,), B if "b" in config.settings else (search.b,)
    )
    base = found
    for k1, b in grid:
        tried = trial.words(k1, b)
        by_words = trial.alone(tried)
        if by_words.mean() > found.mean() and _is_better(by_words, base):
            words, found = tried, by_words
            search = search.model_copy(update={"k1": k1, "b": b})
    figures["bm25"] = _mean(found)
    best: tuple[str, float, Scores] | None = None
    for kind, leg in legs.items():
        meaning = trial.meaning(leg)
        figures[f"{kind} alone"] = _mean(trial.alone(meaning))
        by_alpha = trial.mixed(words, meaning)
        alpha, mixed = _best_alpha(by_alpha, search, config)
        figures[f"hybrid {kind}"] = _mean(mixed)
        if best is None or _is_better(mixed, best[2], KIND_ERRORS):
            best = kind, alpha, mixed
    assert best is not None, "there is at least one leg"
    return best[0], search.model_copy(update={"alpha": best[1]}), figures


def _best_alpha(by_alpha: Scores, search: SearchConfig, config: TuningConfig) -> tuple[float, Scores]:
    """The alpha that finds the most with its neighbours, and is no freak; the safe one unless it is surely better."""
    if "alpha" not in config.settings:
        nearest = int(np.abs(np.array(ALPHAS) - search.alpha).argmin())
        return search.alpha, by_alpha[nearest]
    safe = ALPHAS.index(SAFE_ALPHA)
    smooth = np.convolve(np.pad(by_alpha.mean(axis=1), 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    best = min(range(len(ALPHAS)), key=lambda row: (-round(float(smooth[row]), 9), abs(row - safe)))
    chosen = best if _is_better(by_alpha[best], by_alpha[safe]) else safe
    return ALPHAS[chosen], by_alpha[chosen]


def _is_better(new: Scores, old: Scores, errors: float = 1.0) -> bool:
    """Whether the mean difference exceeds so many of its standard errors."""
    difference = new - old
    if len(difference) < 2:
        return False
    return bool(difference.mean() > errors * difference.std(ddof=1) / np.sqrt(len(difference)))


def _reciprocal(scores: Scores, gold: NDArray[np.int64], found: NDArray[np.bool_]) -> float:
    """One over the rank of the first gold document among those found, 0 below the tenth; ties go by place."""
    places = gold[found[gold]]
    if not len(places):
        return 0.0
    first = places[np.lexsort((places, -scores[places]))[0]]
    better = found & (scores > scores[first])
    equal = found[:first] & (scores[:first] == scores[first])
    rank = 1 + int(better.sum()) + int(equal.sum())
    return 1 / rank if rank <= DEPTH else 0.0


def _mean(found: Scores) -> float:
    return round(float(found.mean()), 6)
