"""What the page counts does not depend on shards, and what it shows of a text is short and where the difference is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import Document, JsonObject
from tasks.comparison.tally import (
    LENGTH_RANGES,
    UNCHANGED,
    Tally,
    analyse_changes,
    length_range,
    merge_tallies,
    pieces,
    tally_added,
    tally_deleted,
)
from tasks.corpus.shards import Nothing
from tasks.runtime.parts import decode_as, encode_rows


def document(name: str, text: str, source: str = "", **metadata: int) -> Document:
    origin: JsonObject = {"sha256": text, "input_file": "f", "input_line": 1, "edits": []}
    return Document(name, text, "题", None, source, metadata | origin)


def tally_of(pairs: list[tuple[Document, Document]]) -> Tally:
    old, new = (encode_rows(side).data for side in zip(*pairs, strict=True))
    return next(decode_as(analyse_changes([old, new], Nothing())["tally"].data, Tally))


PAIRS = [
    (
        document(f"d{n}", f"收入{n}亿元。" * 9, "甲"),
        document(f"d{n}", f"收入{n + n % 2}亿元。" * 9, "甲", v=1),
    )
    for n in range(60)
]


def test_changed_rows_are_counted_by_everything() -> None:
    tally = tally_of(PAIRS)
    assert tally.causes == {"facts_changed": 30, "metadata_only": 30}
    assert tally.facts_changed == {"facts_changed": 30, "metadata_only": 0}
    assert tally.fields == {"contents": 30, "metadata.sha256": 30, "metadata.v": 60}
    assert tally.sources == {"changed": {"甲": 60}}
    assert tally.input_changed == 30
    assert sum(tally.lengths.values()) == 30
    assert {cause: len(examples) for cause, examples in tally.examples.items()} == {
        "facts_changed": 20,
        "metadata_only": 20,
    }


def test_shards_add_up_to_the_whole() -> None:
    cut = [
        analyse_changes([encode_rows(side).data for side in zip(*PAIRS[at : at + 7], strict=True)], Nothing())
        for at in range(0, len(PAIRS), 7)
    ]
    assert merge_tallies(part["tally"].data for part in cut) == tally_of(PAIRS)


def test_pairs_of_different_documents_are_refused() -> None:
    with pytest.raises(AssertionError, match="a stands beside b"):
        tally_of([(document("a", "x"), document("b", "x"))])


def test_rows_of_one_corpus_are_counted_by_source_and_shown() -> None:
    shard = encode_rows([document(f"d{n}", "文" * n, "甲" if n % 2 else "") for n in range(30)]).data
    total = merge_tallies(
        [tally_deleted([shard], Nothing())["tally"].data, tally_added([shard], Nothing())["tally"].data]
    )
    assert total.sources["deleted"] == {"甲": 15, "（未注明）": 15} == total.sources["added"]
    assert total.characters == {"deleted": 435, "added": 435}
    assert len(total.records["deleted"]) == len(total.records["added"]) == 10


@pytest.mark.parametrize(
    ("old", "new", "index"),
    [
        (100, 0, 0),
        (100, 49, 0),
        (100, 50, 1),
        (100, 80, 2),
        (100, 95, 3),
        (1000, 999, 3),
        (100, 100, 4),
        (0, 0, 4),
        (1000, 1001, 5),
        (100, 105, 6),
        (100, 120, 7),
        (100, 150, 8),
        (0, 5, 8),
    ],
)
def test_a_length_falls_into_the_range_that_begins_with_it(old: int, new: int, index: int) -> None:
    assert length_range(old, new) == LENGTH_RANGES[index]
    assert (length_range(old, new) == UNCHANGED) == (old == new)


def test_the_difference_is_shown_wherever_it_is() -> None:
    text = "前" * 900 + "改" * 3 + "后" * 900
    shown = pieces(text, [(900, 903)])
    assert shown == [("… " + "前" * 50, False), ("改改改", True), ("后" * 50, False), ("…", False)]
    assert pieces("甲乙", [(1, 1)]) == [("甲", False), ("乙", False)]
    assert pieces("甲\n乙", [(1, 2)]) == [("甲", False), ("↵\n", True), ("乙", False)]


@given(st.text(max_size=3000), st.lists(st.integers(0, 3000), max_size=40))
def test_what_is_shown_is_short_and_visible(text: str, places: list[int]) -> None:
    ends = sorted({min(place, len(text)) for place in places})
    spans = list(zip(ends[::2], ends[1::2], strict=False))
    shown = pieces(text, spans)
    assert sum(len(piece) for piece, _ in shown) < 1000 * len("⟨U+0000⟩")
    assert not any("\u202e" in piece or "\u200b" in piece for piece, _ in shown)
