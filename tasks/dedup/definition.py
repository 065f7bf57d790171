"""The five layers straight from their definitions, two texts at a time: what joins must agree with and audits use."""

from collections.abc import Sequence
from dataclasses import dataclass

from datasets_registry.records import DuplicateLayer
from tasks.dedup.config import DedupConfig
from tasks.dedup.features import DIGITS, GRAM, HEAD
from tasks.dedup.guard import conflict, is_unlike
from tasks.dedup.pairs import LONG_GRAM
from tasks.dedup.rows import Text
from tasks.similarity.simhash import simhash
from tasks.text.facts import find_facts
from tasks.text.normalise import normalise_key


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a text repeats another: the layer, None where it does not, and whether the guard holds the two apart.

    `score` is the greater of Jaccard and containment, or the share that phrases cover.
    """

    layer: DuplicateLayer | None
    score: float
    guarded: bool


def judge_pair(first: str, second: str, config: DedupConfig) -> Judgement:
    """Whether a cleaned text may go because of another, which is ranked better."""
    a, b = normalise_key(first), normalise_key(second)
    if a == b:
        return Judgement("exact", 1.0, False)
    score = _goes(a, b, GRAM, config)
    layer: DuplicateLayer = "ngram"
    by_phrases = False
    if score is None or (_is_doubtful(a, b, config) and _goes(a, b, LONG_GRAM, config) is None):
        layer, by_phrases = "phrase", True
        score = _covered(DIGITS.sub("0", a), DIGITS.sub("0", b), config)
    if score is None:
        return Judgement(None, 0.0, False)
    bits = simhash([a, b], GRAM)
    if a[:HEAD] == b[:HEAD]:
        layer = "hash"
    elif int(bits[0] ^ bits[1]).bit_count() <= config.simhash_threshold:
        layer = "simhash"
    return Judgement(layer, round(score, 4), config.guard and _is_guarded(first, second, by_phrases))


def _is_guarded(first: str, second: str, by_phrases: bool) -> bool:
    ours, theirs = (Text(0, "", text, tuple(find_facts(text))).profile() for text in (first, second))
    return is_unlike(ours, theirs, by_phrases) or conflict(ours, theirs) is not None


def _is_doubtful(a: str, b: str, config: DedupConfig) -> bool:
    larger, smaller = max(len(a), len(b)), min(len(a), len(b))
    return larger > config.long_characters or larger > config.unequal * smaller


def _grams(text: str, width: int) -> set[str]:
    return {text[start : start + width] for start in range(max(1, len(text) - width + 1))} if text else set()


def _goes(a: str, b: str, width: int, config: DedupConfig) -> float | None:
    """How alike two texts are by n-grams, where the first may go for it."""
    ours, theirs = _grams(a, width), _grams(b, width)
    if not ours or not theirs:
        return None
    shared = len(ours & theirs)
    jaccard, containment = shared / len(ours | theirs), shared / len(ours)
    contains = shared / len(theirs) >= config.containment_threshold
    goes = containment >= config.containment_threshold or (
        jaccard >= config.jaccard_threshold and not contains
    )
    return max(jaccard, containment) if goes else None


def _covered(a: str, b: str, config: DedupConfig) -> float | None:
    """The share of a text that phrases of another cover, where it may go for it."""
    phrases = covering_phrases(a, b, config.phrase_len)
    enough = len(phrases) >= config.phrase_overlap and len(a) <= len(b)
    share = config.phrase_len * len(phrases) / len(a) if a else 0.0
    return share if enough and share >= config.phrase_coverage else None


def covering_phrases(a: str, b: str, width: int) -> Sequence[int]:
    """Where the phrases begin that a text shares with another: found from left to right, without overlap."""
    theirs = {b[start : start + width] for start in range(len(b) - width + 1)}
    found, at = [], 0
    while at + width <= len(a):
        shared = a[at : at + width] in theirs
        if shared:
            found.append(at)
        at += width if shared else 1
    return found
