"""The accounts of a corpus: every non-empty input line ends in exactly one place, or the run fails."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from datasets_registry.records import Decision

LAYERS = ("hash", "exact", "simhash", "ngram", "phrase")


class LedgerDoesNotAddUp(AssertionError):
    """A line was lost or counted twice: a defect of finloom, never of the input."""


class Summary(BaseModel):
    """`summary.json`: `input == structured + kept + sum(filtered) + sum(duplicates) + quarantined + superseded`.

    `retained` is structured + kept, `superseded` counts lines whose document came in another version, `guarded` pairs
    that the identity guard held apart.
    """

    model_config = ConfigDict(extra="forbid")

    input: int
    structured: int
    kept: int
    retained: int
    filtered: dict[str, int]
    duplicates: dict[str, int]
    quarantined: int
    guarded: int
    superseded: int = 0

    def check(self) -> None:
        """Raise `LedgerDoesNotAddUp` where the accounts do not close."""
        out = self.structured + self.kept + sum(self.filtered.values()) + sum(self.duplicates.values())
        out += self.quarantined + self.superseded
        if self.input != out or self.retained != self.structured + self.kept:
            raise LedgerDoesNotAddUp(f"{self.input} lines came in, {out} were decided: {self}")


def summarise(lines_read: int, decisions: Iterable[Decision], guarded: int) -> Summary:
    """Count decisions into a `Summary` and check it against the number of lines that reading counted by itself."""
    summary = Summary(
        input=lines_read,
        structured=0,
        kept=0,
        retained=0,
        filtered={},
        duplicates=dict.fromkeys(LAYERS, 0),
        quarantined=0,
        guarded=guarded,
    )
    for decision in decisions:
        match decision.decision:
            case "structured" | "kept":
                setattr(summary, decision.decision, getattr(summary, decision.decision) + 1)
                summary.retained += 1
            case "filtered":
                reason = str(decision.reason)
                summary.filtered[reason] = summary.filtered.get(reason, 0) + 1
            case "duplicate":
                summary.duplicates[str(decision.layer)] += 1
            case "quarantined" | "superseded":
                setattr(summary, decision.decision, getattr(summary, decision.decision) + 1)
    summary.filtered = dict(sorted(summary.filtered.items()))
    summary.check()
    return summary
