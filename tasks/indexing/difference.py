"""What one index is against another: its settings, its engine and embedder, and the documents that came and went."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from tasks.retrieval.manifest import Manifest
from tasks.retrieval.passage_file import PassageFile


class IndexDifference(BaseModel):
    """`settings`: by dotted name in the manifest, the value before and after (null where there was or is none)."""

    model_config = ConfigDict(frozen=True)

    settings: dict[str, tuple[JsonValue, JsonValue]]
    documents_added: int
    documents_removed: int


def index_difference(old: Path, new: Path) -> IndexDifference:
    """Compare two index folders.

    Raises:
        UnusableIndex: one of them has no manifest that can be read.
    """
    before, after = (_plain(Manifest.read(folder)) for folder in (old, new))
    names = sorted(before.keys() | after.keys())
    documents = [set(PassageFile.open(folder).document_ids()) for folder in (old, new)]
    return IndexDifference(
        settings={
            name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
        },
        documents_added=len(documents[1] - documents[0]),
        documents_removed=len(documents[0] - documents[1]),
    )


def _plain(manifest: Manifest) -> dict[str, JsonValue]:
    """The fields of a manifest by dotted name, without its files."""
    return _flat(manifest.model_dump(mode="json", exclude={"files"}))


def _flat(value: dict[str, JsonValue], prefix: str = "") -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for name, item in value.items():
        found |= _flat(item, f"{prefix}{name}.") if isinstance(item, dict) else {f"{prefix}{name}": item}
    return found
