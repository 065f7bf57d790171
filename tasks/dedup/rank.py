"""The total order that says which of two duplicates stays: it depends on the documents alone, never on their order."""

from dataclasses import dataclass

from tasks.dedup.config import DedupConfig

UNNAMED_TIER = 100
UNDATED = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What deduplication knows of a text: `key_sha256` and `length` are those of its normalised text."""

    id: str
    key_sha256: str
    content_sha256: str
    source: str
    published: str | None
    length: int


Rank = tuple[int, int, str, str, str]


def rank(candidate: Candidate, config: DedupConfig) -> Rank:
    """Lower stays: source tier, longer text, earlier date (undated last), content hash, id."""
    return (
        config.source_tiers.get(candidate.source, UNNAMED_TIER),
        -candidate.length,
        candidate.published or UNDATED,
        candidate.content_sha256,
        candidate.id,
    )
