"""How a corpus goes on from an earlier one: what came again, what counts no more, and what must be decided anew."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from datasets_registry.records import Decision, Document
from tasks.corpus.shards import Entry

UNCHANGED = "unchanged"
UPDATED = "updated"
FINAL = ("quarantined", "superseded")
"""Decisions that nothing which comes later changes."""
ORIGIN = frozenset({"sha256", "input_file", "input_line", "edits", "facts"})
"""Metadata that says where a document came from and what was done to it, not what it is."""


@dataclass(frozen=True, slots=True)
class Succession:
    """What today's documents mean for those of the earlier corpus, by id.

    `unchanged` came again as they were: the earlier line goes on to count. `updated` came in a new version, which
    counts instead. `recalled` went because of a document that is now updated, and are decided anew.
    """

    unchanged: frozenset[str]
    updated: frozenset[str]
    recalled: frozenset[str]


def succession(
    earlier: Iterable[Decision], documents: Mapping[str, Document], today: Mapping[str, Document | None]
) -> Succession:
    """Compare the ids of two days.

    Args:
        earlier: the decisions of the earlier corpus.
        documents: its documents (kept, structured, or gone as duplicates) whose ids came again.
        today: the documents that came today, by id; None for one that was filtered.
    """
    decided = {row.id: row for row in earlier if row.id and row.decision not in FINAL}
    again = decided.keys() & today.keys()
    unchanged = {each for each in again if _is_same(documents.get(each), today[each])}
    updated = again - unchanged
    recalled = {
        each
        for each, row in decided.items()
        if row.decision == "duplicate" and row.witness in updated and each not in again
    }
    return Succession(frozenset(unchanged), frozenset(updated), frozenset(recalled))


def without_unchanged(entries: Iterable[Entry], unchanged: Collection[str]) -> Iterator[Entry]:
    """Today's entries, of which those that bring nothing new only say so."""
    for entry in entries:
        if entry.decision.id in unchanged:
            said = replace(entry.decision, decision="superseded", reason=UNCHANGED, witness=entry.decision.id)
            yield Entry(said, None)
        else:
            yield entry


def recalled_entries(
    earlier: Iterable[Decision], documents: Mapping[str, Document], recalled: Collection[str]
) -> list[Entry]:
    """Documents that are decided anew, as if they came today."""
    return [
        Entry(Decision(row.file, row.line, row.id, "kept"), documents[row.id])
        for row in earlier
        if row.id and row.id in recalled and row.decision == "duplicate"
    ]


def decisions_that_stand(
    earlier: Iterable[Decision], updated: Collection[str], recalled: Collection[str]
) -> Iterator[Decision]:
    """The earlier decisions, without those that are made anew; updated documents say that they are."""
    for row in earlier:
        if row.id in updated and row.decision not in FINAL:
            yield Decision(row.file, row.line, row.id, "superseded", UPDATED, witness=row.id)
        elif row.id not in recalled or row.decision in FINAL:
            yield row


def _is_same(old: Document | None, new: Document | None) -> bool:
    if old is None or new is None:
        return False
    return _content(old) == _content(new)


def _content(document: Document) -> tuple[object, ...]:
    metadata = {name: value for name, value in document.metadata.items() if name not in ORIGIN}
    return (document.contents, document.title, document.published, document.source, metadata)
