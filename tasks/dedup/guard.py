"""The identity guard: two texts that give one slot two values are different facts, and never remove each other.

The texts are aligned, each fact as one token. A slot is a fact that stands in equal surroundings in both texts. That
alone is not enough: random edits also change numbers. So the characters that differ inside slots must be more frequent
than small isolated differences between them; rewritten passages count for neither.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from datasets_registry.records import Fact, FactKind
from tasks.dedup.alignment import Difference, differences
from tasks.dedup.slots import Profile
from tasks.text.normalise import normalise_key

STRENGTH: tuple[FactKind, ...] = ("code", "party", "date", "number")
"""Which of several conflicts is shown."""

CONTEXT = 4
"""Characters on either side of a slot that must be equal, other facts masked."""
SMALL = 4
"""Longer differences are rewritten passages."""
GAP = 3
"""Differences with fewer equal characters between them are one."""
RATIO = 2
"""How many times more frequent differences must be inside slots than outside."""
PRIOR = 50
"""Characters of facts added to those of the text, so that a text of few facts is not judged by one of them."""

MANY = 3
MAJORITY = 2
"""So many slots with two values, at least half as many as there are equal facts, are no accident of editing."""

MANY_FACTS = 8
"""A text of so many facts is known by them."""

SHOWN = 16
"""Characters before a slot that are shown with it."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A slot with two values, as the two texts write them, and the characters before it in the left one."""

    kind: FactKind
    left: str
    right: str
    context: str


def conflict(left: Profile, right: Profile) -> Conflict | None:
    """The strongest slot to which two texts give different values, or None where they may be copies.

    Whether there is one does not depend on which text is left.
    """
    pairs = _conflicting(left, right) if left.tokens <= right.tokens else _swapped(_conflicting(right, left))
    return _shown(left, right, pairs) if pairs else None


def is_unlike(left: Profile, right: Profile, by_phrases: bool) -> bool:
    """Whether most facts of a text do not stand in another, so that it cannot be its repeat.

    Where only phrases are shared, in which digits are masked, any number of facts counts; else eight or more.
    """
    facts = set(left.values)
    lacking = len(facts - set(right.values))
    return len(facts) >= (1 if by_phrases else MANY_FACTS) and 2 * lacking > len(facts)


def _conflicting(left: Profile, right: Profile) -> list[tuple[int, int]]:
    """Indices of the facts that prove two texts different, empty where nothing does."""
    if left.masks == right.masks and left.shapes == right.shapes:
        return [(index, index) for index in range(len(left.facts)) if not _same(left, right, index)]
    codes = [(left.codes[context], right.codes[context]) for context in left.codes if context in right.codes]
    if wrong := [(one, other) for one, other in codes if left.values[one] != right.values[other]]:
        return wrong
    if Counter(left.values) == Counter(right.values):
        return []
    return _by_alignment(left, right)


def _by_alignment(left: Profile, right: Profile) -> list[tuple[int, int]]:
    found = differences(left.tokens, right.tokens)
    pairs = [pair for difference in found for pair in _slots(left, right, difference)]
    if not pairs:
        return []
    slots = {one for one, _ in pairs}
    differing = {
        index
        for difference in found
        for index in _facts_within(left.places, difference.left, difference.left_end)
    }
    equal_facts = len(left.facts) - len(differing)
    if len(pairs) >= MANY and MAJORITY * len(pairs) >= equal_facts:
        return pairs
    inside = sum(_edits(left, right, *pair) for pair in pairs)
    inner = [difference for difference in found if not _is_continuation(left, right, difference)]
    outside = _small_edits(left, right, inner)
    same = len(left.tokens) - sum(difference.left_end - difference.left for difference in found)
    compared = sum(_length(fact) for index, fact in enumerate(left.facts) if index not in differing - slots)
    proven = inside * (same - equal_facts) >= RATIO * outside * (compared + PRIOR)
    return pairs if proven else []


def _slots(left: Profile, right: Profile, difference: Difference) -> Iterator[tuple[int, int]]:
    """The facts of a difference that stand against each other in equal surroundings and exclude each other."""
    shifts = (difference.right - difference.left, difference.right_end - difference.left_end)
    for one in _facts_within(left.places, difference.left, difference.left_end):
        place = left.places[one]
        against = (_fact_at(right.places, place + shift) for shift in shifts)
        slots = (other for other in against if other is not None and _is_slot(left, right, one, other))
        other = next(slots, None)
        if other is not None and not _compatible(left, right, one, other):
            yield one, other


def _is_slot(left: Profile, right: Profile, one: int, other: int) -> bool:
    return left.facts[one].kind == right.facts[other].kind and _same_context(
        left.masks, right.masks, left.places[one], right.places[other]
    )


def _fact_at(places: Sequence[int], place: int) -> int | None:
    index = bisect_left(places, place)
    return index if index < len(places) and places[index] == place else None


def _same_context(left: str, right: str, x: int, y: int) -> bool:
    """Equal surroundings; where a text begins or ends at the slot, twice as much on the other side."""
    before = min(CONTEXT, x, y)
    after = min(2 * CONTEXT - before, len(left) - x - 1, len(right) - y - 1)
    before = min(2 * CONTEXT - min(CONTEXT, after), x, y)
    return (
        left[x - before : x] == right[y - before : y]
        and left[x + 1 : x + 1 + after] == right[y + 1 : y + 1 + after]
    )


def _same(left: Profile, right: Profile, index: int) -> bool:
    """Whether facts of one place in equal skeletons agree."""
    one, other = left.values[index], right.values[index]
    return one == other or (left.facts[index].kind == "party" and _are_names_of_one(one, other))


def _are_names_of_one(one: str, other: str) -> bool:
    """工商银行 is part of 中国工商银行; an end of a name is what a cut leaves, or a boundary found elsewhere."""
    one, other = one.removeprefix("party "), other.removeprefix("party ")
    return one in other or other in one


def _compatible(left: Profile, right: Profile, one: int, other: int) -> bool:
    """Whether one value may be the other, less precise, or cut where its text begins or ends."""
    value, against = left.values[one], right.values[other]
    if value == against:
        return True
    kind, _, a = value.partition(" ")
    _, _, b = against.partition(" ")
    if kind == "party" and _are_names_of_one(value, against):
        return True
    if kind == "date" and any(x.startswith(y) or x.endswith(y) for x, y in ((a, b), (b, a))):
        return True
    if kind == "number":
        (amount, _, unit), (other_amount, _, other_unit) = a.partition(" "), b.partition(" ")
        if amount == other_amount and not (unit and other_unit):
            return True
    return _cut(left, right, one, other) or _cut(right, left, other, one)


def _cut(cut: Profile, whole: Profile, one: int, other: int) -> bool:
    place = cut.places[one]
    if 0 < place < len(cut.tokens) - 1:
        return False
    short, long = _written(cut, one), _written(whole, other)
    return long.endswith(short) if place == 0 else long.startswith(short)


def _is_continuation(left: Profile, right: Profile, difference: Difference) -> bool:
    """Whether one text only goes on where the other begins or ends: an addition, no error of copying."""
    at_front = difference.left == 0 == difference.right
    at_back = difference.left_end == len(left.tokens) and difference.right_end == len(right.tokens)
    added = difference.left == difference.left_end or difference.right == difference.right_end
    return added and (at_front or at_back)


def _small_edits(left: Profile, right: Profile, found: Sequence[Difference]) -> int:
    """Characters of small differences, without facts; one that comes again is a name or a term, and counts once."""
    joined: list[tuple[Difference, int]] = []
    for difference in found:
        size = max(
            _characters(left, difference.left, difference.left_end),
            _characters(right, difference.right, difference.right_end),
        )
        last = joined[-1][0] if joined else None
        if last and difference.left - last.left_end < GAP and difference.right - last.right_end < GAP:
            size += joined.pop()[1]
            difference = Difference(last.left, difference.left_end, last.right, difference.right_end)
        joined.append((difference, size))
    small = {_in_context(left, right, difference): size for difference, size in joined if size <= SMALL}
    return sum(small.values())


def _characters(profile: Profile, start: int, end: int) -> int:
    """Those of a passage that are of no fact."""
    return end - start - len(_facts_within(profile.places, start, end))


def _in_context(left: Profile, right: Profile, difference: Difference) -> tuple[str, str]:
    """What differs, and a character on either side."""
    x, x_end, y, y_end = difference
    return left.tokens[max(0, x - 1) : x_end + 1], right.tokens[max(0, y - 1) : y_end + 1]


def _edits(left: Profile, right: Profile, one: int, other: int) -> int:
    return Levenshtein.distance(_written(left, one), _written(right, other))


def _facts_within(places: Sequence[int], start: int, end: int) -> range:
    return range(bisect_left(places, start), bisect_left(places, end))


def _written(profile: Profile, index: int) -> str:
    fact = profile.facts[index]
    return normalise_key(profile.text[fact.start : fact.end])


def _length(fact: Fact) -> int:
    return fact.end - fact.start


def _swapped(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(other, one) for one, other in pairs]


def _shown(left: Profile, right: Profile, pairs: list[tuple[int, int]]) -> Conflict:
    one, other = min(pairs, key=lambda pair: (STRENGTH.index(left.facts[pair[0]].kind), pair))
    fact, against = left.facts[one], right.facts[other]
    return Conflict(
        kind=fact.kind,
        left=left.text[fact.start : fact.end],
        right=right.text[against.start : against.end],
        context=left.text[max(0, fact.start - SHOWN) : fact.start],
    )
