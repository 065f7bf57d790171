"""Input files to lines: folders, globs and single files; plain, gzip and zstd; streamed, with bounded memory."""

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from tasks.text.lines import bounded_lines

ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".json", ".json.gz", ".json.zst")
CHUNK = 1 << 20
SAMPLE = "sample"
"""The input name that stands for the shipped sample corpus."""


class WrongInput(ValueError):
    """The user named an input that is not there or that holds nothing to read."""


@dataclass(frozen=True, slots=True)
class Line:
    """A non-empty input line by its number from 1; `raw` is None where the line was not readable, for `reason`."""

    number: int
    raw: bytes | None
    reason: str | None = None


def find_files(pattern: str) -> dict[str, Path]:
    """The input files of a path, folder or glob, by the names that decisions will use, in order of those names.

    A name is the path below the deepest folder that all files share.

    Raises:
        WrongInput: nothing is there.
    """
    given = Path(pattern).expanduser()
    if given.is_file():
        found = [given]
    elif given.is_dir():
        found = [path for path in given.rglob("*") if path.is_file() and path.name.endswith(ENDINGS)]
    else:
        found = [path for path in _glob(given) if path.is_file()]
    if not found:
        kind = "no file matches" if any(mark in pattern for mark in "*?[") else "no file or folder is at"
        kind = f"the folder holds no {', '.join(ENDINGS[:3])} file:" if given.is_dir() else kind
        raise WrongInput(f"input: {kind} {pattern!r}; name a file, a folder or a glob of JSON-lines files")
    paths = [path.resolve() for path in found]
    common = Path(os.path.commonpath([path.parent for path in paths]))
    return dict(sorted((path.relative_to(common).as_posix(), path) for path in paths))


def read_lines(name: str, source: BinaryIO, max_bytes: int) -> Iterator[Line]:
    """The non-empty lines of a file, whose ending says how it is compressed.

    A line longer than `max_bytes` is passed over without being held in memory (`line_too_long`); damage inside a
    compressed file ends it with one line of reason `damaged_file`.
    """
    number = 0
    try:
        for number, raw in enumerate(bounded_lines(_decompressed(name, source), max_bytes), start=1):
            if raw is None:
                yield Line(number, None, "line_too_long")
            elif raw.strip():
                yield Line(number, raw)
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError):
        yield Line(number + 1, None, "damaged_file")


def _glob(pattern: Path) -> Iterator[Path]:
    anchor = Path(pattern.anchor or ".")
    yield from anchor.glob(str(pattern.relative_to(pattern.anchor) if pattern.anchor else pattern))


def _decompressed(name: str, source: BinaryIO) -> BinaryIO:
    if name.endswith(".gz"):
        return io.BufferedReader(gzip.GzipFile(fileobj=source), CHUNK)
    if name.endswith(".zst"):
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(source), CHUNK)
    return source
