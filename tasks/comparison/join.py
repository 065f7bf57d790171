"""Two corpora joined by id, in bounded memory: what went, came and changed, with accounts that close.

Shards that both corpora hold are never read. Of the others, rows are first known by id and digest alone; only rows that
differ are read again, put in order of id on disk, and cut into shards of their own.
"""

import hashlib
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson
from pydantic import BaseModel, ConfigDict

from datasets_registry.artifact import FileEntry, Tree
from datasets_registry.records import JsonObject
from tasks.comparison.changes import comparable
from tasks.comparison.tally import Tally, analyse_changes, merge_tallies, tally_added, tally_deleted
from tasks.corpus.ledger import LedgerDoesNotAddUp
from tasks.corpus.shards import Nothing
from tasks.runtime.parts import Part, decode_rows, encode_rows

COMPARED = ("documents", "structured")
"""The parts of a corpus that hold its rows."""

ROWS_PER_SHARD = 1000

EXPORTED = {
    "deleted": "deleted_records.jsonl",
    "added": "added_records.jsonl",
    "changed_old": "changed_records_old.jsonl",
    "changed_new": "changed_records_new.jsonl",
    "analysis": "change_analysis.jsonl",
}
"""The parts of a comparison, each in order of id, and the plain files that they are exported as."""


class ComparisonSummary(BaseModel):
    """`summary.json`: `old == deleted + changed + equal` and `new == added + changed + equal`, all in rows.

    `unread` of the equal rows stand in shards that both corpora hold. `causes` and `fields` count changed rows by
    likely cause and by field that differs (a row may differ in several), `facts_changed` those with other values of
    facts, whatever the cause, `input_changed` those whose input line is another one. `characters` counts those of the
    contents of the parts `deleted`, `added`, `changed_old` and `changed_new`.
    """

    model_config = ConfigDict(extra="forbid")

    old_sha256: str
    new_sha256: str
    old: int
    new: int
    deleted: int
    added: int
    changed: int
    equal: int
    unread: int
    causes: dict[str, int]
    fields: dict[str, int]
    facts_changed: int
    input_changed: int
    characters: dict[str, int]

    def counts(self) -> dict[str, int]:
        """What the history keeps of it: the accounts, then the causes of the changed rows."""
        accounts = {name: getattr(self, name) for name in ("deleted", "added", "equal", "changed")}
        return accounts | self.causes

    def check(self) -> None:
        """Raise `LedgerDoesNotAddUp` where the accounts do not close."""
        both = self.changed + self.equal
        if (
            self.old != self.deleted + both
            or self.new != self.added + both
            or sum(self.causes.values()) != self.changed
        ):
            raise LedgerDoesNotAddUp(
                f"{self.old} old and {self.new} new rows came in, {self.deleted} were found deleted, {self.added} "
                f"added, {self.changed} changed (by cause: {self.causes}) and {self.equal} equal"
            )


class Blobs(Protocol):
    """Where the bytes of shards are, as in `blocks.store.ArtifactStore`."""

    def blobs(self, entries: Sequence[FileEntry]) -> Iterator[bytes]:
        """The bytes of some files, one at a time."""

    def add_file(self, name: str, data: bytes, rows: int) -> FileEntry:
        """Store a file."""


class OverShards(Protocol):
    """Applies a function to shards, as `tasks.runtime.shards.map_shards` does."""

    def __call__(
        self,
        function: Callable[[list[bytes], Nothing], dict[str, Part]],
        shards: Sequence[Sequence[FileEntry]],
        config: Nothing,
    ) -> list[FileEntry]:
        """The files that they become, shard after shard."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The ids that only the old rows have, only the new ones, or both with other rows; and how many rows are equal."""

    deleted: frozenset[str]
    added: frozenset[str]
    changed: frozenset[str]
    equal: int

    def parts(self) -> tuple[dict[str, str], dict[str, str]]:
        """For the old and the new side, the part of the comparison that a row goes to, by id."""
        return (
            dict.fromkeys(self.deleted, "deleted") | dict.fromkeys(self.changed, "changed_old"),
            dict.fromkeys(self.added, "added") | dict.fromkeys(self.changed, "changed_new"),
        )


def compare(
    old: Tree, new: Tree, store: Blobs, over_shards: OverShards
) -> tuple[list[FileEntry], ComparisonSummary, Tally]:
    """The files of all parts of a comparison, its accounts, checked, and what the page shows beside them.

    Raises:
        LedgerDoesNotAddUp: the rows that were joined and analysed are not those of the corpora's trees.
    """
    nothing = Nothing()
    read = unshared(old, new)
    keys = [over_shards(row_keys, [[entry] for entry in side], nothing) for side in read]
    joined = join(*(_rows(store, side) for side in keys))
    parts: dict[str, list[FileEntry]] = {part: [] for part in EXPORTED}
    for side, wanted in zip(read, joined.parts(), strict=True):
        for part, shard in ordered_shards(_rows(store, side), wanted):
            name = f"{part}/{len(parts[part]):05d}.{shard.suffix}"
            parts[part].append(store.add_file(name, shard.data, shard.rows))
    pairs = list(zip(parts["changed_old"], parts["changed_new"], strict=True))
    made = over_shards(analyse_changes, pairs, nothing)
    parts["analysis"] = [entry for entry in made if entry.name.startswith("analysis/")]
    made += over_shards(tally_deleted, [[entry] for entry in parts["deleted"]], nothing)
    made += over_shards(tally_added, [[entry] for entry in parts["added"]], nothing)
    total = merge_tallies(store.blobs([entry for entry in made if entry.name.startswith("tally/")]))
    files = [entry for part in parts.values() for entry in part]
    return files, _account(old, new, read, joined, total), total


def unshared(old: Tree, new: Tree) -> tuple[list[FileEntry], list[FileEntry]]:
    """The shards of two corpora that must be read: those that hold rows and are not in both, byte for byte."""
    sides = [[entry for part in COMPARED for entry in tree.part(part)] for tree in (old, new)]
    shared = {entry.sha256 for entry in sides[0]} & {entry.sha256 for entry in sides[1]}
    first, second = ([entry for entry in side if entry.rows and entry.sha256 not in shared] for side in sides)
    return first, second


def row_keys(inputs: Sequence[bytes], config: Nothing) -> dict[str, Part]:
    """The id of every row of a shard, and the sha256 of what counts when rows are compared."""
    return {
        "keys": encode_rows(
            {"id": row["id"], "sha256": hashlib.sha256(comparable(row)).hexdigest()}
            for row in decode_rows(inputs[0])
        )
    }


def join(old: Iterable[JsonObject], new: Iterable[JsonObject]) -> Joined:
    """The rows of `row_keys` of two corpora, joined by id; all ids are held, and 32 bytes for each old row.

    Raises:
        LedgerDoesNotAddUp: an id stands twice in one corpus, so rows cannot be told apart.
    """
    digests: dict[str, bytes] = {}
    for key in old:
        _refuse_twice(str(key["id"]), digests)
        digests[str(key["id"])] = bytes.fromhex(str(key["sha256"]))
    added: set[str] = set()
    changed: set[str] = set()
    equal: set[str] = set()
    for key in new:
        row_id = str(key["id"])
        _refuse_twice(row_id, added, changed, equal)
        if row_id not in digests:
            added.add(row_id)
        elif digests[row_id].hex() == key["sha256"]:
            equal.add(row_id)
        else:
            changed.add(row_id)
    deleted = digests.keys() - changed - equal
    return Joined(frozenset(deleted), frozenset(added), frozenset(changed), len(equal))


def ordered_shards(rows: Iterable[JsonObject], wanted: Mapping[str, str]) -> Iterator[tuple[str, Part]]:
    """The wanted rows in order of id, cut into shards of the part that `wanted` names for each id; part and shard.

    They wait in a file on disk, since the rows of one shard come from any of those that are read.
    """
    places: dict[str, list[tuple[str, int, int]]] = {part: [] for part in sorted(set(wanted.values()))}
    with tempfile.TemporaryFile() as waiting:
        for row in rows:
            row_id = str(row["id"])
            if part := wanted.get(row_id):
                line = orjson.dumps(row)
                places[part].append((row_id, waiting.tell(), len(line)))
                waiting.write(line)
        for part, found in places.items():
            found.sort()
            for first in range(0, len(found), ROWS_PER_SHARD):
                lines = []
                for _, start, length in found[first : first + ROWS_PER_SHARD]:
                    waiting.seek(start)
                    lines.append(orjson.Fragment(waiting.read(length)))
                yield part, encode_rows(lines)


def _refuse_twice(row_id: str, *known: Container[str]) -> None:
    if any(row_id in ids for ids in known):
        raise LedgerDoesNotAddUp(
            f"the id {row_id!r} stands twice in one corpus; build it again, reading keeps the first"
        )


def _account(
    old: Tree, new: Tree, read: tuple[list[FileEntry], list[FileEntry]], joined: Joined, total: Tally
) -> ComparisonSummary:
    """The accounts: rows of the corpora as their trees say, against rows as they were joined and analysed."""
    rows = [sum(entry.rows for part in COMPARED for entry in tree.part(part)) for tree in (old, new)]
    unread = rows[0] - sum(entry.rows for entry in read[0])
    summary = ComparisonSummary(
        old_sha256=old.ref().sha256,
        new_sha256=new.ref().sha256,
        old=rows[0],
        new=rows[1],
        deleted=len(joined.deleted),
        added=len(joined.added),
        changed=len(joined.changed),
        equal=joined.equal + unread,
        unread=unread,
        causes=dict(sorted(total.causes.items())),
        fields=dict(sorted(total.fields.items())),
        facts_changed=total.facts_changed.total(),
        input_changed=total.input_changed,
        characters=dict(sorted(total.characters.items())),
    )
    summary.check()
    return summary


def _rows(store: Blobs, entries: Sequence[FileEntry]) -> Iterator[JsonObject]:
    for data in store.blobs(entries):
        yield from decode_rows(data)
