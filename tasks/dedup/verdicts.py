"""What deduplication says of every text: why it goes, or what it was held apart from."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from tasks.dedup.config import DedupConfig
from tasks.dedup.rows import EQUAL, FAMILY, Guarded, Member, Outcome, Verdict

ALL = -1
"""Counts the texts of a template, whatever their values."""


def verdicts(
    blocks: Sequence[Sequence[Member]], outcomes: Sequence[Sequence[Outcome]], copies: Mapping[str, str]
) -> list[Verdict]:
    """A verdict for every document that goes, ordered by id.

    Args:
        blocks: the compared texts, block by block.
        outcomes: what became of them, by row.
        copies: the id of every exact copy, with the id of the text that was compared in its place and whose fate it
            shares.
    """
    compared = {
        members[outcome.row].id: _verdict(members[outcome.row].id, outcome)
        for members, block in zip(blocks, outcomes, strict=True)
        for outcome in block
        if outcome.gone
    }
    found = list(compared.values())
    for copy, original in copies.items():
        gone = compared.get(original)
        found.append(replace(gone, id=copy) if gone else Verdict(copy, "exact", original, 1.0, EQUAL))
    return sorted(found, key=lambda verdict: verdict.id)


def guarded(
    blocks: Sequence[Sequence[Member]], outcomes: Sequence[Sequence[Outcome]], config: DedupConfig
) -> list[Guarded]:
    """The documents that stay although they are made like better-ranked ones, in rank order.

    Args:
        blocks: the compared texts, block by block.
        outcomes: what became of them, by row.
        config: says whether texts of one skeleton were compared like all others.
    """
    found = []
    leaders: dict[int, str] = {}
    fillings: dict[int, Counter[int]] = {}
    for members, block in zip(blocks, outcomes, strict=True):
        known = {outcome.row: outcome for outcome in block}
        for row, member in enumerate(members):
            outcome = known.get(row, Outcome(row))
            if not outcome.stays:
                continue
            count, leader = outcome.guarded, outcome.leader.witness if outcome.leader else None
            if config.holds_apart and member.skeleton:
                filled = fillings.setdefault(member.skeleton, Counter())
                count += filled[ALL] - filled[member.values]
                leader = leader or leaders.get(member.skeleton)
                leaders.setdefault(member.skeleton, member.id)
                filled.update((ALL, member.values))
            if count and leader:
                found.append(Guarded(member.id, count, leader, outcome.apart))
    return found


def retract(members: Sequence[Member], outcomes: Sequence[Outcome], ids: Collection[str]) -> list[Outcome]:
    """The outcomes of a block after some of its texts are no longer what counts."""
    known = {outcome.row: outcome for outcome in outcomes}
    known |= {row: Outcome(row, retracted=True) for row, each in enumerate(members) if each.id in ids}
    return [known[row] for row in sorted(known)]


def _verdict(identity: str, outcome: Outcome) -> Verdict:
    assert outcome.gone, "only texts that go have a verdict"
    gone = outcome.gone
    evidence = f"{gone.evidence}; {outcome.apart}" if outcome.family else gone.evidence
    reason = FAMILY if outcome.family else None
    return Verdict(identity, gone.layer, gone.witness, gone.score, evidence, reason)
