"""The files of an artifact as shard functions read and make them: rows as compressed JSON lines, always the same bytes.

Pure: usable from shard functions on any worker.
"""

import functools
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, overload

import orjson
import zstandard
from pydantic import TypeAdapter

from datasets_registry.records import JsonObject

T = TypeVar("T")

ZSTD_LEVEL = 3
READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """One file to be: its bytes, how many rows they hold, and the ending of its name."""

    data: bytes
    rows: int
    suffix: str


class Inputs(Sequence[bytes]):
    """The files of a shard, each read when it is asked for; `names` tell equal ones by equal names."""

    def __init__(self, names: Sequence[str], read: Callable[[str], bytes]) -> None:
        """Read `names[i]` by `read`."""
        self.names = tuple(names)
        self._read = read

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        if isinstance(place, slice):
            return [self._read(name) for name in self.names[place]]
        return self._read(self.names[place])


def at_hand(files: Sequence[bytes]) -> Inputs:
    """Files that are at hand, as the inputs of a shard."""
    held = {str(place): data for place, data in enumerate(files)}
    return Inputs(list(held), held.__getitem__)


def encode_rows(rows: Iterable[object]) -> Part:
    """Rows (dataclasses, dicts) as zstd-compressed JSON lines; equal rows give equal bytes."""
    return encode_lines(map(orjson.dumps, rows))


def encode_lines(rows: Iterable[bytes]) -> Part:
    """As `encode_rows`, of rows that are written already, such as those of `raw_rows`."""
    lines = list(rows)
    text = b"\n".join(lines) + b"\n" if lines else b""
    return Part(zstandard.compress(text, ZSTD_LEVEL), len(lines), "jsonl.zst")


def decode_rows(data: bytes) -> Iterator[JsonObject]:
    """The rows of `encode_rows`, one at a time."""
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)) as stream:
        for line in io.BufferedReader(stream, READ_SIZE):
            yield orjson.loads(line)


def raw_rows(data: bytes) -> list[bytes]:
    """The rows of `encode_rows` as they are written, for readers who want few of them."""
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read().splitlines()


def decode_as(data: bytes, kind: type[T]) -> Iterator[T]:
    """The rows of `encode_rows` as records of `kind`; raises pydantic's `ValidationError` on a row of another shape."""
    adapter: TypeAdapter[T] = _adapter(kind)  # type: ignore[arg-type]  # a class is hashable, its type variable not
    return map(adapter.validate_python, decode_rows(data))


_adapter = functools.cache(TypeAdapter)
