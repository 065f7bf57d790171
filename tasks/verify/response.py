"""The format of a reasoner's response: numbered steps, then one boxed answer.

    <think>Step1: ...
    Step2: ...</think><answer><|box_start|>42.5%<|box_end|></answer>

White space between the parts is free, since chat templates put some there. Only the standard library: the reward
functions of the training tools import this file.
"""

import re
from dataclasses import dataclass

THINK, END_THINK = "<think>", "</think>"
ANSWER, END_ANSWER = "<answer>", "</answer>"
BOX, END_BOX = "<|box_start|>", "<|box_end|>"
MARKS = (THINK, END_THINK, ANSWER, BOX, END_BOX, END_ANSWER)
"""The marks of a response in the order in which each stands exactly once."""
ENDS = ("<|im_end|>", "<|endoftext|>")
"""What a model ends its turn with; decoded with special tokens kept, it stands behind the response."""

STEP = re.compile(r"^[ \t]*Step ?([0-9]{1,3}) ?[:：]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Response:
    """A response in the right format: the text of each step, and what stands in the box."""

    steps: tuple[str, ...]
    answer: str


def parse(text: str) -> Response | None:
    """The response that a text is, or None where anything is missing, twice, empty, out of order or beside the parts.

    Steps count from 1 without gaps; the marks of a turn's end may follow.
    """
    rest = _without_ends(text)
    if any(rest.count(mark) != 1 for mark in MARKS) or any(end in rest for end in ENDS):
        return None
    pieces = []
    for mark in MARKS:
        piece, found, rest = rest.partition(mark)
        if not found:
            return None
        pieces.append(piece.strip())
    before, thought, between, opening, answer, closing = pieces
    steps = _steps(thought)
    if before or between or opening or closing or rest.strip() or not answer or not steps:
        return None
    return Response(steps, answer)


def boxed(text: str) -> str | None:
    """What stands in the last closed box of a text in any format; None without one or where it is empty."""
    before, closed, _ = text.rpartition(END_BOX)
    _, opened, inside = before.rpartition(BOX)
    return (inside.partition(END_BOX)[0].strip() or None) if opened and closed else None


def _steps(thought: str) -> tuple[str, ...]:
    """The steps of a chain of thought; none where it does not begin with one, or their numbers are not 1, 2, 3..."""
    heads = list(STEP.finditer(thought))
    if (
        not heads
        or heads[0].start() > 0
        or [int(head[1]) for head in heads] != list(range(1, len(heads) + 1))
    ):
        return ()
    ends = [head.start() for head in heads[1:]] + [len(thought)]
    steps = tuple(thought[head.end() : end].strip() for head, end in zip(heads, ends, strict=True))
    return steps if all(steps) else ()


def _without_ends(text: str) -> str:
    """A text without the marks of a turn's end behind it."""
    rest = text.rstrip()
    while rest.endswith(ENDS):
        rest = next(rest.removesuffix(end) for end in ENDS if rest.endswith(end)).rstrip()
    return rest
