"""Exact copies: texts whose normalised form is equal; the witness of every copy is the one that is kept."""

from collections.abc import Iterable
from dataclasses import dataclass

from datasets_registry.records import DuplicateLayer
from tasks.dedup.config import DedupConfig
from tasks.dedup.rank import Candidate, Rank, rank


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a document goes: the layer that found it, the kept document it repeats, how alike they are, and evidence."""

    id: str
    layer: DuplicateLayer
    witness: str
    score: float
    evidence: str


def exact_copies(candidates: Iterable[Candidate], config: DedupConfig) -> list[Verdict]:
    """A verdict for every text that repeats a better-ranked one, ordered by id."""
    best: dict[str, tuple[Rank, str]] = {}
    goes: list[tuple[str, str]] = []
    for candidate in candidates:
        mine = (rank(candidate, config), candidate.id)
        kept = best.setdefault(candidate.key_sha256, mine)
        if kept is not mine:
            loser = max(kept, mine)
            best[candidate.key_sha256] = min(kept, mine)
            goes.append((loser[1], candidate.key_sha256))
    return [
        Verdict(
            id=loser,
            layer="exact",
            witness=best[key][1],
            score=1.0,
            evidence=f"equal normalised text, sha256 {key}",
        )
        for loser, key in sorted(goes)
    ]
