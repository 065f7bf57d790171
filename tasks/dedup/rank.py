"""The total order that says which of two duplicates stays: it depends on the documents alone, never on their order."""

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.dedup.config import DedupConfig

UNNAMED_TIER = 100
UNDATED = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What ranking knows of a text: `key_sha256` and `length` are those of its normalised text.

    `snapshot` counts the corpora that a document came with: those of yesterday are 0 where today's are 1.
    """

    id: str
    key_sha256: str
    content_sha256: str
    source: str
    published: str | None
    length: int
    snapshot: int = 0


Rank = tuple[int, int, int, str, str, str]


def rank(candidate: Candidate, config: DedupConfig) -> Rank:
    """Lower stays: older snapshot, source tier, longer text, earlier date (undated last), content hash, id."""
    return (
        candidate.snapshot,
        config.source_tiers.get(candidate.source, UNNAMED_TIER),
        -candidate.length,
        candidate.published or UNDATED,
        candidate.content_sha256,
        candidate.id,
    )


def reason_for_rank(winner: Candidate, loser: Candidate, config: DedupConfig) -> str:
    """What ranks one text before another, with the two values, in words."""
    names = ("older snapshot", "more trusted source", "longer text", "earlier date", "content hash", "id")
    pairs = zip(names, rank(winner, config), rank(loser, config), strict=True)
    name, ours, theirs = next((name, a, b) for name, a, b in pairs if a != b)
    if name == "longer text":
        return f"{name}: {winner.length} against {loser.length} characters"
    return f"{name}: {ours} against {theirs}"


def ranked(candidates: Iterable[Candidate], config: DedupConfig) -> tuple[list[Candidate], dict[str, str]]:
    """The best of every class of equal normalised texts, best first; and every other text with the id of its best."""
    best: dict[str, Candidate] = {}
    copies: dict[str, str] = {}
    for candidate in sorted(candidates, key=lambda each: rank(each, config)):
        first = best.setdefault(candidate.key_sha256, candidate)
        if first is not candidate:
            copies[candidate.id] = first.id
    return list(best.values()), copies


def blocks(order: Iterable[Candidate], config: DedupConfig) -> list[list[Candidate]]:
    """Cut texts in rank order into blocks of bounded size; a text longer than a block is one of its own."""
    cut: list[list[Candidate]] = []
    characters = 0
    for candidate in order:
        full = not cut or len(cut[-1]) == config.block_texts
        if full or characters + candidate.length > config.block_characters:
            cut.append([])
            characters = 0
        cut[-1].append(candidate)
        characters += candidate.length
    return cut
