"""The questions of the sample: which drafts' questions are asked, in a fair mix of subjects."""

import random
from collections.abc import Sequence

from datasets_registry.sample.drafts import Ask, Draft

CARBON_TOPICS = ("allocation", "carbonprice", "ccer", "greencert", "disclosure", "breach")


def choose(drafts: Sequence[Draft], wanted: int, rng: random.Random) -> list[tuple[Draft, Ask]]:
    """`wanted` questions with the drafts that answer them.

    A fifth is asked as of a day before a correction, a twentieth as of a day after one, an eighth is about
    carbon; the rest goes round all topics. No query without a day occurs twice.
    """
    corrected = {draft.of for draft in drafts if draft.kind == "update"}
    before = [draft for draft in drafts if draft in corrected]
    after = [draft for draft in drafts if draft.kind == "update"]
    plain = [draft for draft in drafts if draft.kind == "original" and draft not in corrected]
    carbon = [draft for draft in plain if draft.topic in CARBON_TOPICS]
    other = [draft for draft in plain if draft.topic not in CARBON_TOPICS]
    shares = ((before, wanted // 5), (after, wanted // 20), (carbon, wanted // 8))
    chosen: list[tuple[Draft, Ask]] = []
    for group, count in (*shares, (other, wanted - sum(count for _, count in shares))):
        queries = {ask.query for _, ask in chosen if ask.as_of is None}
        chosen += _round(group, count, queries, rng)
    rng.shuffle(chosen)
    return chosen


def _round(
    drafts: Sequence[Draft], wanted: int, queries: set[str], rng: random.Random
) -> list[tuple[Draft, Ask]]:
    """`wanted` questions, one from each topic in turn."""
    topics: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.asks:
            topics.setdefault(draft.topic, []).append(draft)
    for group in topics.values():
        rng.shuffle(group)
    chosen: list[tuple[Draft, Ask]] = []
    while len(chosen) < wanted and any(topics.values()):
        for group in topics.values():
            if group and len(chosen) < wanted:
                draft = group.pop()
                if draft.asks[0].query not in queries:
                    queries.add(draft.asks[0].query)
                    chosen.append((draft, draft.asks[0]))
    return chosen
