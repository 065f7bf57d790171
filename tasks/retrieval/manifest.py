"""What an index is made of: `manifest.json`, and the checks that it can be queried as it was built."""

import hashlib
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError

from datasets_registry.artifact import SHA256, FileEntry, Stored
from tasks.retrieval.config import Embedding, SearchConfig, TokenConfig
from tasks.retrieval.dense import DenseKind
from tasks.retrieval.tokens import dictionary_sha256, shared_tokenizer

MANIFEST = "manifest.json"


class UnusableIndex(ValueError):
    """A folder is no index, is damaged, or was built in a way that this program cannot query."""


class Manifest(Stored):
    """The description of an index: enough to refuse it, to compare it and to build it again."""

    engine: Literal["bm25s"]
    faiss: DenseKind
    tokens: TokenConfig
    tokenizer_sha256: str = Field(pattern=SHA256)
    dictionary_sha256: str = Field(pattern=SHA256)
    embedding: Embedding
    search: SearchConfig
    corpus_sha256: str = Field(pattern=SHA256)
    passages: int = Field(ge=1)
    documents: int = Field(ge=1)
    undated: int = Field(ge=0, description="Passages without a date: as-of search never shows them.")
    files: tuple[FileEntry, ...]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The manifest of an index folder; raises `UnusableIndex`, or `UnsupportedFormat` of a newer one."""
        try:
            return cls.from_bytes((folder / MANIFEST).read_bytes())
        except FileNotFoundError as error:
            raise UnusableIndex(
                f"{folder} has no {MANIFEST}; give the folder of an index, or build one"
            ) from error
        except ValidationError as error:
            raise UnusableIndex(
                f"{folder / MANIFEST} cannot be read: {error.errors()[0]['msg']} {error.errors()[0]['loc']}; "
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
        if self.dictionary_sha256 != dictionary_sha256(self.tokens):
            raise UnusableIndex(
                f"the index was built with finance dictionary {self.dictionary_sha256[:12]}, this finloom "
                f"has {dictionary_sha256(self.tokens)[:12]}; build the index again"
            )
        present = shared_tokenizer(self.tokens).fingerprint()
        if self.tokenizer_sha256 != present:
            raise UnusableIndex(
                f"the index was tokenized as {self.tokenizer_sha256[:12]}, this finloom tokenizes as "
                f"{present[:12]} ({self.tokens.engine}); install the version it was built with, or build the "
                "index again"
            )

    def require_intact(self, folder: Path) -> None:
        """Raise `UnusableIndex` unless every file has the checksum of the manifest; reads everything."""
        for entry in self.files:
            found = file_sha256(folder / entry.name)
            if found != entry.sha256:
                raise UnusableIndex(
                    f"{folder / entry.name} has checksum {found[:12]}, the manifest says "
                    f"{entry.sha256[:12]}; the index is damaged, fetch or build it again"
                )


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
