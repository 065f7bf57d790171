"""Which texts go: one by one in rank order, each because of the best-ranked text that stays and that it repeats."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tasks.dedup.config import DedupConfig
from tasks.dedup.guard import conflict
from tasks.dedup.pairs import LAYERS, Pairs
from tasks.dedup.rows import Finding, Outcome
from tasks.dedup.slots import Profile

ProfileOf = Callable[[int], Profile]
UNLIKE = "most of its facts are others"


@dataclass(slots=True)
class Judge:
    """Decides about texts of one block; `outcomes` grows as it is shown more texts that stay, best-ranked first."""

    config: DedupConfig
    profile: ProfileOf
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def is_gone(self, row: int) -> bool:
        """Whether a text goes by what is known so far."""
        return row in self.outcomes and self.outcomes[row].gone is not None

    def is_decided(self, row: int) -> bool:
        """Whether a text goes, or stays whatever else it is like."""
        return row in self.outcomes and self._is_final(self.outcomes[row])

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
            outcome = self.outcomes.get(row, Outcome(row))
            for place, other in enumerate(pairs.second[places].tolist(), start=places.start):
                if self._is_final(outcome):
                    break
                if not stays(other):
                    continue
                apart = self._apart(pairs, place, theirs)
                if apart is None:
                    outcome = Outcome(row, gone=_finding(pairs, place, id_of))
                else:
                    leader = outcome.leader or _finding(pairs, place, id_of)
                    outcome = self._held_apart(outcome, leader, outcome.apart or apart)
                self.outcomes[row] = outcome

    def _is_final(self, outcome: Outcome) -> bool:
        distinct = self.config.family_policy == "keep_distinct"
        return outcome.gone is not None or (distinct and outcome.guarded >= self.config.family_enough)

    def _apart(self, pairs: Pairs, place: int, theirs: ProfileOf) -> str | None:
        """What the guard holds against a pair; None where nothing."""
        if not self.config.guard or LAYERS[pairs.layer[place]] == "exact":
            return None
        if pairs.unlike[place]:
            return UNLIKE
        ours, other = self.profile(int(pairs.first[place])), theirs(int(pairs.second[place]))
        found = conflict(ours, other)
        return f"{found.kind}: {found.left} / {found.right} ({found.context})" if found else None

    def _held_apart(self, outcome: Outcome, leader: Finding, apart: str) -> Outcome:
        """A text beside one more of its family."""
        guarded = outcome.guarded + 1
        if self.config.family_policy == "keep_k" and guarded >= self.config.family_keep:
            return Outcome(outcome.row, gone=leader, family=True, apart=apart)
        return Outcome(outcome.row, None, False, guarded, leader, apart)


def _finding(pairs: Pairs, place: int, id_of: Callable[[int], str]) -> Finding:
    layer = LAYERS[pairs.layer[place]]
    return Finding(id_of(int(pairs.second[place])), layer, pairs.score(place), pairs.evidence(place))
