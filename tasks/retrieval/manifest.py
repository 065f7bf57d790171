"""What an index is made of: `manifest.json`, and the checks that it can be queried as it was built."""

import hashlib
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from datasets_registry.artifact import SHA256, FileEntry, Stored
from tasks.retrieval.config import Embedding, RecordsAs, SearchConfig, TokenConfig, Tuning
from tasks.retrieval.dense import DenseKind
from tasks.retrieval.sparse import SparseEngine
from tasks.retrieval.tokens import dictionary_sha256, shared_tokenizer
from tasks.retrieval.word_lists import WordLists, word_lists

MANIFEST = "manifest.json"

LAYOUT = 2
"""Which files an index folder holds and how they are read; 1, before labels were written, is built again."""


class UnusableIndex(ValueError):
    """A folder is no index, is damaged, or was built in a way that this program cannot query."""


class Manifest(Stored):
    """The description of an index: enough to refuse it, to compare it and to build it again."""

    layout: int
    engine: SparseEngine
    faiss: DenseKind
    dense_recall: float = Field(
        ge=0, le=1, description="Share of the exact best 10 that the dense index finds for its own vectors."
    )
    tokens: TokenConfig
    tokenizer_sha256: str = Field(pattern=SHA256)
    dictionary_sha256: str = Field(pattern=SHA256)
    embedding: Embedding
    search: SearchConfig
    tuning: Tuning | None = Field(
        None, description="What the settings were chosen on; null where they are as set."
    )
    corpus_sha256: str = Field(pattern=SHA256)
    passages: int = Field(ge=1)
    documents: int = Field(ge=1)
    undated: int = Field(ge=0, description="Passages without a date: as-of search never shows them.")
    records: RecordsAs = "table"
    record_rows: int = Field(
        0, ge=0, description="Structured records in the table, and as text where they are."
    )
    files: tuple[FileEntry, ...]

    @model_validator(mode="before")
    @classmethod
    def _of_this_layout(cls, value: object) -> object:
        found = value.get("layout", 1) if isinstance(value, dict) else LAYOUT
        if found != LAYOUT:
            raise ValueError(f"the index has layout {found}, this finloom reads layout {LAYOUT}")
        return value

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The manifest of an index folder; raises `UnusableIndex`, or `UnsupportedFormat` of a newer one."""
        try:
            return cls.from_bytes((folder / MANIFEST).read_bytes())
        except FileNotFoundError as error:
            raise UnusableIndex(
                f"{folder} has no {MANIFEST}; give the folder of an index, or build one"
            ) from error
        except ValueError as error:
            raise UnusableIndex(
                f"{folder / MANIFEST} cannot be read: {_first_words(error)}; "
                "open it with the finloom that wrote it, or build the index again"
            ) from error

    def require_readable(self, folder: Path) -> None:
        """Raise `UnusableIndex` unless all files are there and queries are tokenized as passages were."""
        for entry in self.files:
            path = folder / entry.name
            found = path.stat().st_size if path.is_file() else None
            if found != entry.bytes:
                raise UnusableIndex(
                    f"{path} has {'no' if found is None else found} bytes, the manifest says {entry.bytes}; "
                    "the index is incomplete, fetch or build it again"
                )
        lists = self.word_lists(folder)
        if self.dictionary_sha256 != dictionary_sha256(self.tokens, lists):
            raise UnusableIndex(
                f"the index was built with dictionary {self.dictionary_sha256[:12]}, this finloom and the words "
                f"of the index make {dictionary_sha256(self.tokens, lists)[:12]}; build the index again"
            )
        present = shared_tokenizer(self.tokens, lists).fingerprint()
        if self.tokenizer_sha256 != present:
            raise UnusableIndex(
                f"the index was tokenized as {self.tokenizer_sha256[:12]}, this finloom tokenizes as "
                f"{present[:12]} ({self.tokens.engine}); install the version it was built with, or build the "
                "index again"
            )

    def word_lists(self, folder: Path) -> WordLists:
        """The lists of words that queries are tokenized with; raises `UnusableIndex` where they cannot be read."""
        try:
            return word_lists(self.tokens, lambda name: (folder / name).read_bytes())
        except (OSError, UnicodeDecodeError) as error:
            raise UnusableIndex(
                f"{folder} has no lists of words that can be read: {error}; fetch or build it again"
            ) from error

    def require_intact(self, folder: Path) -> None:
        """Raise `UnusableIndex` unless the files are those of the manifest, with its checksums; reads everything."""
        named = {entry.name for entry in self.files} | {MANIFEST}
        present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        if present != named:
            raise UnusableIndex(
                f"{folder} holds {len(present - named)} files that its manifest does not name, such as "
                f"{min(present - named, default='none')!r}, and lacks {len(named - present)}; fetch or build it again"
            )
        for entry in self.files:
            found = file_sha256(folder / entry.name)
            if found != entry.sha256:
                raise UnusableIndex(
                    f"{folder / entry.name} has checksum {found[:12]}, the manifest says "
                    f"{entry.sha256[:12]}; the index is damaged, fetch or build it again"
                )


def _first_words(error: ValueError) -> str:
    """What is wrong, in one clause."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
