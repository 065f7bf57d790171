"""Two texts side by side: what is marked as shared stands in both, and a copy is found wherever it stands."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.corpus.overlap import FLANK, KEEP, SEED, Piece, View, longest_run, side_by_side

letters = st.text("甲乙丙丁戊0123.5%，。 Ａa", max_size=120)


def of_kind(pieces: list[Piece], kind: str) -> list[str]:
    return [piece.text for piece in pieces if piece.kind == kind]


def chinese(seed: int, size: int) -> str:
    random_ = random.Random(seed)
    return "".join(chr(0x5000 + random_.randrange(3000)) for _ in range(size))


@given(before=letters, shared=letters, after=letters, others=st.tuples(letters, letters))
def test_what_is_marked_as_shared_stands_in_both(
    before: str, shared: str, after: str, others: tuple[str, str]
) -> None:
    left, right = before + shared + after, others[0] + shared + others[1]
    folded = View.of(left).folded, View.of(right).folded
    marked = [of_kind(pieces, "shared") for pieces in side_by_side(left, right)]
    kept = [[View.of(text).folded for text in side] for side in marked]
    assert kept[0] == kept[1]
    assert all(text in whole for text in kept[0] for whole in folded)
    if len(View.of(shared).folded) >= SEED:
        assert kept[0]


@given(letters, letters)
def test_what_is_shown_stands_in_its_text_in_order(left: str, right: str) -> None:
    for whole, pieces in zip((left, right), side_by_side(left, right), strict=True):
        shown = [piece for piece in pieces if piece.kind != "omitted"]
        at = 0
        for piece in shown:
            at = whole.index(piece.text, at) + len(piece.text)
        assert len(shown) < len(pieces) or "".join(piece.text for piece in shown) == whole


@given(st.integers(0, 1000), st.integers(SEED, 60), st.integers(0, 80), st.integers(0, 80))
def test_the_longest_run_is_found_where_nothing_repeats(seed: int, size: int, x: int, y: int) -> None:
    ours, theirs, shared = "".join(map(chr, range(0x4E00, 0x4F00))), chr(0xAC00) * 90, chinese(seed, size)
    left, right = ours[:x] + shared + ours[x : x + 40], theirs[:y] + shared + theirs[y:]
    run = longest_run(left, right)
    assert left[run.left :][: run.size] == right[run.right :][: run.size]
    assert run.size >= size


def test_a_shorter_copy_before_a_longer_one_does_not_hide_it() -> None:
    run = longest_run(
        "某某银行股份有限公司昨日公布业绩预告", "某某银行股份有限公司。甲。限公司昨日公布业绩预告"
    )
    assert run.size == len("限公司昨日公布业绩预告")


def test_a_copy_is_shown_from_where_it_stands_in_a_long_text() -> None:
    copy = chinese(1, 90)
    removed, witness = side_by_side(copy, chinese(2, 60_000) + copy + chinese(3, 40_000))
    assert removed == [Piece("shared", copy)]
    assert [piece.kind for piece in witness] == ["omitted", "beyond", "shared", "beyond", "omitted"]
    assert of_kind(witness, "shared") == [copy] and len(witness[1].text) == KEEP


def test_a_long_run_is_cut_in_the_middle_at_the_same_characters() -> None:
    copy = chinese(1, 1000)
    spaced = " ".join(copy)
    one, other = side_by_side(copy, spaced)
    assert [text.replace(" ", "") for text in of_kind(other, "shared")] == of_kind(one, "shared")
    assert of_kind(one, "omitted") == of_kind(other, "omitted") == [" ……（相同，略去 840 字）…… "]


@pytest.mark.parametrize(
    ("left", "right", "differ"),
    [
        ("同期营业收入为1.5亿元，同比增长", "同期营业收入为15亿元，同比增长", [".", ""]),
        ("公司公告的净利润为-3.5%，有所下降", "公司公告的净利润为3.5%，有所下降", ["-", ""]),
        ("２０２４年公司的营业收入，增长。", "2024年公司的营业收入 增长!", ["", ""]),
    ],
)
def test_only_what_counts_differs(left: str, right: str, differ: list[str]) -> None:
    marked = ["".join(of_kind(pieces, "differs")) for pieces in side_by_side(left, right)]
    assert marked == differ


def test_a_word_that_happens_to_be_in_both_is_not_shared() -> None:
    copy = chinese(1, 40)
    left = chinese(2, 70) + "有限公司" + chinese(3, 50) + copy
    right = chinese(4, 70) + "有限公司" + chinese(5, 50) + copy
    assert [of_kind(pieces, "shared") for pieces in side_by_side(left, right)] == [[copy], [copy]]


def test_texts_that_share_nothing_show_their_beginnings() -> None:
    one, other = side_by_side("一二三四五六七", chinese(1, 500))
    assert one == [Piece("beyond", "一二三四五六七")]
    assert other == [Piece("beyond", chinese(1, 500)[:FLANK]), Piece("omitted", "…")]
