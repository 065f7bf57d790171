"""Lines of files that nobody has looked at yet, none of which may fill the memory."""

from collections.abc import Iterator
from typing import BinaryIO

CHUNK = 1 << 20


def bounded_lines(source: BinaryIO, max_bytes: int) -> Iterator[bytes | None]:
    """Lines without their ends; None for a line of more than `max_bytes`."""
    while line := source.readline(max_bytes + 1):
        if line.endswith(b"\n") or len(line) <= max_bytes:
            yield line.rstrip(b"\r\n")
            continue
        while (rest := source.readline(CHUNK)) and not rest.endswith(b"\n"):
            pass
        yield None
