"""In which order blocks are compared, so that each is decided only after all better-ranked ones."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

BlockT = TypeVar("BlockT")


def rounds(
    old: Sequence[BlockT], new: Sequence[BlockT], size: Callable[[BlockT], int], limit: int
) -> Iterator[tuple[Sequence[BlockT], Sequence[BlockT]]]:
    """Rounds `(settled, later)`: all of `later` are compared with all of `settled`, side by side.

    A round of one block with itself settles it. Halving keeps rounds few: n blocks are compared in n log n steps, as
    long as half of them are within the limit.

    Args:
        old: settled blocks, in rank order.
        new: those to decide, in rank order behind them.
        size: of a block.
        limit: no round has more settled blocks than have this size together, or one.
    """
    for some in _within(old, size, limit):
        if new:
            yield some, new
    if len(new) == 1:
        yield new, new
    elif new:
        half = 1 << (len(new) - 1).bit_length() - 1
        yield from rounds((), new[:half], size, limit)
        yield from rounds(new[:half], new[half:], size, limit)


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
