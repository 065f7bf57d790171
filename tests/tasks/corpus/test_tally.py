"""What the report counts and samples does not depend on how the lines are cut into shards."""

import hashlib
from collections.abc import Sequence

from datasets_registry.records import Decision, Document, Family, FamilyMember, InputRow
from tasks.corpus.shards import Entry, Nothing, ReadLine
from tasks.corpus.tally import FAMILIES, SAMPLE, Tally, held_apart, merge, report_data, tally_lines
from tasks.runtime.parts import decode_as, encode_rows

Line = tuple[ReadLine, Entry, Decision]
LAYERS = ("hash", "exact", "ngram")


def line(number: int, decision: Decision, source: str = "甲报") -> Line:
    name = str(decision.id)
    row = InputRow(name, "f", number, "0" * 64, "题", "正文" * 60, None, source, "2024-01-02")
    document = Document(
        name, "正文" * 60, "题", None, source, {"edits": [], "input_file": "f", "input_line": number}
    )
    return ReadLine(row, None), Entry(decision, document), decision


def duplicate(number: int, source: str = "甲报", reason: str | None = None) -> Line:
    layer = LAYERS[number % 3]
    name = f"d{number}"
    return line(number, Decision("f", number, name, "duplicate", reason, layer, "w", 0.9, "jaccard"), source)  # type: ignore[arg-type]


def kept(number: int, name: str, source: str = "甲报") -> Line:
    return line(number, Decision("f", number, name, "kept"), source)


def tallied(lines: Sequence[Line], per_shard: int) -> Tally:
    shards = (lines[start : start + per_shard] for start in range(0, len(lines), per_shard))
    made = (
        tally_lines([encode_rows(part).data for part in zip(*shard, strict=True)], Nothing())
        for shard in shards
    )
    return merge(tally for parts in made for tally in decode_as(parts["tally"].data, Tally))


MANY = [kept(0, "w"), *(duplicate(number, ("甲报", "乙报")[number % 2]) for number in range(1, 100))]


def test_at_most_twenty_of_each_layer_are_shown_in_order_of_their_hash() -> None:
    total = tallied(MANY, 1000)
    assert {layer: len(sample) for layer, sample in total.removed.items()} == dict.fromkeys(LAYERS, SAMPLE)
    of_layer = [f"d{number}" for number in range(1, 100) if number % 3 == 0]
    expected = sorted(of_layer, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:SAMPLE]
    assert [removed.side.id for removed in total.removed["hash"]] == expected


def test_shards_change_nothing() -> None:
    assert tallied(MANY, 7) == tallied(MANY, 1000) == tallied(MANY, 1)


def test_duplicates_are_counted_by_source_and_layer() -> None:
    total = tallied(MANY, 10)
    data = report_data(total, "main", "0" * 64, (), held_apart([], []), {"w": document("w")})
    first, second = data.sources
    assert (first.source, first.compared, first.kept) == ("乙报", 50, 0)
    assert (second.source, second.compared, second.kept) == ("甲报", 50, 1)
    both = {layer: first.duplicates[layer] + second.duplicates[layer] for layer in LAYERS}
    assert both == {"hash": 33, "exact": 33, "ngram": 33}
    assert {removal.witness.id for removal in data.removals} == {"w"}


def test_a_text_that_goes_for_its_family_says_so() -> None:
    (removed,) = tallied([duplicate(1, reason="family")], 1).removed["exact"]
    assert removed.limited
    (removed,) = tallied([duplicate(1)], 1).removed["exact"]
    assert not removed.limited


def test_lines_that_gave_way_to_another_version_are_not_counted() -> None:
    gone = line(2, Decision("f", 2, "a", "superseded", "updated"))
    total = tallied([kept(1, "a"), gone], 1)
    assert total.rows == {"甲报": 1} and total.kept == {"甲报": 1}


def test_families_are_counted_by_their_roots() -> None:
    pairs = [{"id": "b", "leader": "a"}, {"id": "c", "leader": "b"}, {"id": "y", "leader": "x"}]
    member = FamilyMember("b", "code", "1", "2", "")
    families = [Family("a", 3, "", (member,))] + [Family("x", 2, "", ())] * FAMILIES
    held = held_apart(pairs, families)
    assert (held.count, held.families, len(held.largest)) == (3, 2, FAMILIES)
    assert held.named() == {"a", "b", "x"}
    documents = {"a": document("a"), "other": document("other")}
    assert set(report_data(Tally(), "main", "0" * 64, (), held, documents).apart.documents) == {"a"}


def document(name: str) -> Document:
    return Document(name, "正文", "题", None, "甲报", {"input_file": "f", "input_line": 1})
