"""Which texts go: one by one in rank order, each because of the best-ranked text that stays and that it repeats."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tasks.dedup.config import DedupConfig
from tasks.dedup.guard import conflict, missing
from tasks.dedup.pairs import LAYERS, Pairs
from tasks.dedup.rows import Finding, Outcome
from tasks.dedup.slots import Profile

ProfileOf = Callable[[int], Profile]


@dataclass(slots=True)
class Judge:
    """Decides about texts of one block; `outcomes` grows as it is shown more texts that stay, best-ranked first."""

    config: DedupConfig
    profile: ProfileOf
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def is_gone(self, row: int) -> bool:
        """Whether a text goes by what is known so far."""
        return row in self.outcomes and self.outcomes[row].gone is not None

    def in_rank_order(self) -> list[Outcome]:
        """What is known, by row; rows are in rank order."""
        return [self.outcomes[row] for row in sorted(self.outcomes)]

    def hear(
        self, pairs: Pairs, id_of: Callable[[int], str], theirs: ProfileOf, stays: Callable[[int], bool]
    ) -> None:
        """Decide by pairs whose second texts are ranked below all that were heard of before.

        Args:
            pairs: of texts of this block with others.
            id_of: the id of one of those others.
            theirs: what the guard reads of them.
            stays: whether one of them stays, asked when its turn comes.
        """
        for row, places in pairs.of_each():
            if self.is_gone(row):
                continue
            outcome = self.outcomes.get(row, Outcome(row))
            for place in range(places.start, places.stop):
                other = int(pairs.second[place])
                if not stays(other):
                    continue
                finding = Finding(
                    id_of(other),
                    LAYERS[pairs.layer[place]],
                    pairs.score(place),
                    pairs.evidence(place),
                )
                outcome = self._weigh(outcome, finding, theirs(other), not pairs.jaccard[place])
                if outcome.gone:
                    break
            self.outcomes[row] = outcome

    def _weigh(self, outcome: Outcome, finding: Finding, other: Profile, by_phrases: bool) -> Outcome:
        """What a pair changes."""
        differing = None
        if self.config.guard and finding.layer != "exact":
            ours = self.profile(outcome.row)
            differing = conflict(ours, other) or (missing(ours, other) if by_phrases else None)
        if differing is None:
            return Outcome(outcome.row, gone=finding)
        leader, apart = outcome.leader, outcome.apart
        if leader is None:
            leader = finding
            apart = f"{differing.kind}: {differing.left} / {differing.right} ({differing.context})"
        guarded = outcome.guarded + 1
        if self.config.family_policy == "keep_k" and guarded >= self.config.family_keep:
            return Outcome(outcome.row, gone=leader, family=True, apart=apart)
        return Outcome(outcome.row, None, False, guarded, leader, apart)
