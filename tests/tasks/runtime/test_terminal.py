"""Terminal output as lines: the same lines however the bytes arrive, nothing invisible, no secret."""

import re
import unicodedata
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tasks.runtime.terminal import LONGEST, Lines

SECRET = "sk-秘密-12345"
PIECES = (
    "a",
    "中",
    "\n",
    "\r",
    "\r\n",
    " ",
    "\x1b[31m",
    "\x1b[2K",
    "\x1b]0;title\x07",
    "\u200b",
    "\x07",
    SECRET,
)
TEXT = st.lists(st.sampled_from(PIECES)).map("".join)


def lines_of(data: bytes, cuts: list[int], *secrets: str) -> list[str]:
    reader = Lines(secrets)
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(bounds)]
    return [line for piece in pieces for line in reader.feed(piece)] + list(reader.close())


@given(TEXT, st.lists(st.integers(min_value=0), max_size=8))
def test_lines_do_not_depend_on_how_the_bytes_arrive(text: str, cuts: list[int]) -> None:
    assert lines_of(text.encode(), cuts, SECRET) == lines_of(text.encode(), [], SECRET)


@given(TEXT)
def test_lines_are_visible_and_hold_no_secret(text: str) -> None:
    for line in lines_of(text.encode(), [], SECRET):
        assert SECRET not in line
        assert line.strip()
        assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")]


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1))
def test_plain_text_is_kept(text: str) -> None:
    assert lines_of(text.encode() + b"\n", []) == [text]


def test_a_bar_that_is_wiped_keeps_its_last_state() -> None:
    assert lines_of(b" 10%|#\r 99%|####\r        \r", []) == [" 99%|####"]
    assert lines_of(b"Train: 50%\r\x1b[K\x1b[AVal: 100%\r\n", [9]) == ["Val: 100%"]


def test_a_line_without_end_comes_in_pieces_and_hides_a_secret_across_them() -> None:
    data = b"x" * (LONGEST - 3) + SECRET.encode() + b"y" * LONGEST
    pieces = lines_of(data, list(range(0, len(data), 1000)), SECRET)
    assert len(pieces) > 1
    assert re.sub(r"\*+", "", "".join(pieces)) == "x" * (LONGEST - 3) + "y" * LONGEST
