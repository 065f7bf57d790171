"""The accounts of a corpus: every non-empty input line ends in exactly one place, or the run fails."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from datasets_registry.records import Decision

LAYERS = ("hash", "exact", "simhash", "ngram", "phrase")


class LedgerDoesNotAddUp(AssertionError):
    """A line was lost or counted twice: a defect of finloom, never of the input."""


class Summary(BaseModel):
    """`summary.json`: `input == structured + kept + sum(filtered) + sum(duplicates) + quarantined`.

    `retained` is structured + kept, `guarded` counts pairs that the identity guard held apart.
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

    def check(self) -> None:
        """Raise `LedgerDoesNotAddUp` where the accounts do not close."""
        out = self.structured + self.kept + sum(self.filtered.values()) + sum(self.duplicates.values())
        if self.input != out + self.quarantined or self.retained != self.structured + self.kept:
            raise LedgerDoesNotAddUp(
                f"{self.input} lines came in, {out + self.quarantined} were decided: {self}"
            )


def summarise(lines_read: int, decisions: Iterable[Decision]) -> Summary:
    """Count decisions into a `Summary` and check it against the number of lines that reading counted by itself."""
    summary = Summary(
        input=lines_read,
        structured=0,
        kept=0,
        retained=0,
        filtered={},
        duplicates=dict.fromkeys(LAYERS, 0),
        quarantined=0,
        guarded=0,
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
            case "quarantined":
                summary.quarantined += 1
    summary.filtered = dict(sorted(summary.filtered.items()))
    summary.check()
    return summary
