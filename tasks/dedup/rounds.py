"""In which order blocks are compared, so that each is decided only after all better-ranked ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

BlockT = TypeVar("BlockT")
FileT = TypeVar("FileT")


@dataclass(slots=True)
class BlockFiles(Generic[FileT]):
    """The files of a block of texts in rank order; `outcomes` is empty until it was compared with another."""

    features: FileT
    texts: FileT
    members: FileT
    outcomes: list[FileT] = field(default_factory=list)


def rounds(
    old: Sequence[BlockT], new: Sequence[BlockT], size: Callable[[BlockT], int], limit: int
) -> Iterator[tuple[Sequence[BlockT], Sequence[BlockT]]]:
    """Rounds `(settled, later)`: all of `later` are compared with all of `settled`, side by side.

    A round of one block with itself settles it. As many new blocks as are within the limit are decided first, by
    halves, so that a block is compared with many at once; then all that follow are compared with those together.

    Args:
        old: settled blocks, in rank order.
        new: those to decide, in rank order behind them.
        size: of a block.
        limit: no round has more settled blocks than have this size together, or one.
    """
    for some in _within(old, size, limit):
        if new:
            yield some, new
    for some in _within(new, size, limit):
        yield from _halves(some)
        new = new[len(some) :]
        if new:
            yield some, new


def inputs_of_round(
    settled: Sequence[BlockFiles[FileT]], later: Sequence[BlockFiles[FileT]]
) -> list[list[FileT]]:
    """For each later block, what `compare_blocks` reads, or `settle_block` where a block meets itself."""
    better = [] if settled is later else [file for block in settled for file in _files(block)]
    return [[*better, *_files(block)] for block in later]


def _files(block: BlockFiles[FileT]) -> list[FileT]:
    return [block.features, block.texts, *block.outcomes]


def _halves(blocks: Sequence[BlockT]) -> Iterator[tuple[Sequence[BlockT], Sequence[BlockT]]]:
    """The rounds among blocks that are within the limit: n of them are compared in n log n / 2 steps."""
    if len(blocks) == 1:
        yield blocks, blocks
    else:
        half = 1 << (len(blocks) - 1).bit_length() - 1
        yield from _halves(blocks[:half])
        yield blocks[:half], blocks[half:]
        yield from _halves(blocks[half:])


def _within(
    blocks: Sequence[BlockT], size: Callable[[BlockT], int], limit: int
) -> Iterator[Sequence[BlockT]]:
    start, held = 0, 0
    for place, block in enumerate(blocks):
        held += size(block)
        if held > limit and place > start:
            yield blocks[start:place]
            start, held = place, size(block)
    if start < len(blocks):
        yield blocks[start:]
