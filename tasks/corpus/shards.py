"""The two shard functions of the corpus: lines to cleaned entries, entries and verdicts to the final corpus."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter

from datasets_registry.records import Decision, Document, InputRow, JsonObject
from tasks.corpus.cleaning import NODE_ID, clean
from tasks.corpus.config import CleaningConfig, QualityConfig
from tasks.corpus.quality import reason_to_filter
from tasks.corpus.structured import record_in_text, record_text
from tasks.runtime.parts import Part, decode_as, decode_rows, encode_rows
from tasks.text.facts import find_facts
from tasks.text.normalise import normalise_key

DUPLICATE = TypeAdapter(Decision)


class CleanShard(BaseModel):
    """The settings of `clean_lines`."""

    model_config = ConfigDict(frozen=True)

    cleaning: CleaningConfig
    quality: QualityConfig


class Nothing(BaseModel):
    """A shard function without settings."""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One non-empty input line as it was read: a valid row, or the decision that quarantines it."""

    row: InputRow | None
    quarantined: Decision | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One input line on its way through the stage: what was decided, its document if it still has one."""

    decision: Decision
    document: Document | None


def clean_lines(inputs: Sequence[bytes], config: CleanShard) -> dict[str, Part]:
    """Lines to `entries` in line order, and the `candidates` that deduplication compares."""
    entries = [_clean(line, config) for line in decode_as(inputs[0], ReadLine)]
    kept = (entry.document for entry in entries if entry.decision.decision == "kept" and entry.document)
    return {"entries": encode_rows(entries), "candidates": encode_rows(map(candidate, kept))}


def settle_lines(inputs: Sequence[bytes], config: Nothing) -> dict[str, Part]:
    """Entries and verdicts to a corpus: `documents`, `structured`, the duplicates `removed`, and `decisions`."""
    verdicts = {str(row["id"]): row for row in decode_rows(inputs[1])}
    decisions: list[Decision] = []
    sorted_out: dict[str, list[Document]] = {"kept": [], "structured": [], "duplicate": []}
    for entry in decode_as(inputs[0], Entry):
        decision = entry.decision
        if decision.decision == "kept" and decision.id in verdicts:
            decision = DUPLICATE.validate_python(
                verdicts[decision.id]
                | {"file": decision.file, "line": decision.line, "decision": "duplicate"}
            )
        decisions.append(decision)
        if decision.decision in sorted_out and entry.document:
            sorted_out[decision.decision].append(entry.document)
    return {
        "documents": encode_rows(sorted_out["kept"]),
        "structured": encode_rows(sorted_out["structured"]),
        "removed": encode_rows(sorted_out["duplicate"]),
        "decisions": encode_rows(decisions),
    }


def _clean(line: ReadLine, config: CleanShard) -> Entry:
    if line.row is None:
        assert line.quarantined, "a line is a row or quarantined"
        return Entry(line.quarantined, None)
    return _structured(line.row) or _text(line.row, config)


def _structured(row: InputRow) -> Entry | None:
    """A structured record passes untouched, before any rule for text."""
    if row.record is not None:
        contents = record_text(row.record)
    elif row.text is not None and record_in_text(NODE_ID.sub("", row.text)):
        contents = row.text
    else:
        return None
    record: JsonObject = {"record": row.record} if row.record is not None else {}
    return Entry(Decision(row.file, row.line, row.id, "structured"), _document(row, contents, record))


def _text(row: InputRow, config: CleanShard) -> Entry:
    text, edits = clean(row.text or "", config.cleaning)
    reason = reason_to_filter(text, config.quality)
    if reason:
        return Entry(Decision(row.file, row.line, row.id, "filtered", reason), None)
    facts: list[JsonValue] = [[fact.kind, fact.value, fact.start, fact.end] for fact in find_facts(text)]
    changes: list[JsonValue] = [[edit.start, edit.end, edit.replacement, edit.rule] for edit in edits]
    document = _document(row, text, {"edits": changes, "facts": facts})
    return Entry(Decision(row.file, row.line, row.id, "kept"), document)


def _document(row: InputRow, contents: str, more: JsonObject) -> Document:
    origin: JsonObject = {"sha256": row.sha256, "input_file": row.file, "input_line": row.line}
    return Document(row.id, contents, row.title, row.published, row.source, row.metadata | more | origin)


def candidate(document: Document) -> JsonObject:
    """What deduplication ranks a document by."""
    key = normalise_key(document.contents)
    return {
        "id": document.id,
        "key_sha256": hashlib.sha256(key.encode()).hexdigest(),
        "content_sha256": hashlib.sha256(document.contents.encode()).hexdigest(),
        "source": document.source,
        "published": document.published,
        "length": len(key),
    }
