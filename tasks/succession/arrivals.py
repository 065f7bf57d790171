"""Which files are new in a place where files arrive: a folder, a file, a glob, or a prefix of the object store.

A file is known by its name and its version; one that was added to or replaced is new again, and of its documents only
those that changed will count.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from datasets_registry.artifact import Stored
from tasks.corpus.reading import ENDINGS, WrongInput

SCHEME = "s3://"


class Taken(Stored):
    """`arrivals/<name>.json`: the files that were taken in, by name, in the version that was read."""

    files: dict[str, str] = Field(default_factory=dict)


def new_files(found: Mapping[str, str], taken: Taken) -> list[str]:
    """The names that were not taken in, or not in this version, in order."""
    return sorted(name for name, version in found.items() if taken.files.get(name) != version)


def version_of(path: Path) -> str:
    """The version of a local file: the sha256 of its bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bucket_and_prefix(address: str) -> tuple[str, str]:
    """The bucket and the prefix of `s3://bucket/prefix`; a prefix ends with a slash, or is empty.

    Raises:
        WrongInput: it names no bucket.
    """
    bucket, _, prefix = address.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise WrongInput(f"input: {address!r} names no bucket; wanted s3://bucket/prefix")
    return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""


def is_read(name: str) -> bool:
    """Whether a file of this name holds documents."""
    return name.endswith(ENDINGS)
