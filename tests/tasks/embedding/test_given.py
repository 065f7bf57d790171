"""Vectors from a file: every line is a unit vector or has a reason, and every passage gets its document's."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.embedding.given import (
    IDS,
    LINES,
    QUARANTINED,
    VECTORS,
    BadVectors,
    GivenReader,
    GivenSummary,
    Placing,
    documents_of,
    ids_of,
    placed_shard,
    read_row,
    require_alike,
    require_all,
)
from tasks.retrieval.config import UrlEmbedding
from tasks.retrieval.dense import decode_vectors
from tasks.runtime.parts import at_hand, decode_rows, encode_rows


def written(path: Path, rows: Iterable[object]) -> GivenReader:
    """A reader of the rows, of which bytes are written as they are."""
    lines = (row if isinstance(row, bytes) else orjson.dumps(row) for row in rows)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return GivenReader(path)


def row(name: object, *numbers: object) -> dict[str, object]:
    """A row as the user's program writes it."""
    return {"id": name, "text_chunk": "文", "publish_time": 0, "source": "", "embedding": list(numbers)}


def test_a_line_is_a_vector_or_has_a_reason(tmp_path: Path) -> None:
    lines: list[tuple[object, str]] = [
        (row("a", 3, 4), ""),
        (row(7, 0.0, -2.0), ""),
        (b"{", "invalid_json"),
        (b'{"id": "n", "embedding": [NaN, 1]}', "invalid_json"),
        ([], "not_an_object"),
        (row("", 1, 1), "no_id"),
        (row(True, 1, 1), "no_id"),
        ({"id": "b"}, "no_embedding"),
        (row("b"), "no_embedding"),
        ({"id": "b", "embedding": "3,4"}, "no_embedding"),
        (row("b", "1", 1), "not_numbers"),
        (row("b", True, 1), "not_numbers"),
        (b'{"id": "n", "embedding": [1e999, 1]}', "invalid_json"),
        (row("large", 0, 1e300), ""),
        (row("b", 0, 0), "zero_vector"),
        (row("b", 1, 1, 1), "other_dimensions"),
        (row("a", 1, 0), "duplicate_id"),
        (row("7", 1, 0), "duplicate_id"),
    ]
    reader = written(tmp_path / "v.jsonl", [b"", *(line for line, _ in lines), b"  "])
    (parts,) = reader.parts()
    assert ids_of(parts[IDS].data) == ["a", "7", "large"]
    assert np.allclose(decode_vectors(parts[VECTORS].data), [[0.6, 0.8], [0, -1], [0, 1]], atol=1e-3)
    apart = [(entry["line"], entry["reason"]) for entry in decode_rows(parts[QUARANTINED].data)]
    assert apart == [(number, reason) for number, (_, reason) in enumerate(lines, start=2) if reason]
    assert {entry["file"] for entry in decode_rows(parts[QUARANTINED].data)} == {"v.jsonl"}
    summary = reader.summary()
    assert (summary.lines, summary.vectors, summary.dimensions) == (len(lines), 3, 2)
    assert summary.lines == summary.vectors + sum(summary.quarantined.values())


def test_a_line_without_end_is_not_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.embedding.given.LONGEST_LINE", 90)
    monkeypatch.setattr("tasks.text.lines.CHUNK", 7)
    reader = written(tmp_path / "v", [row("a", 1), b"x" * 1000, row("b", 1)])
    (parts,) = reader.parts()
    assert ids_of(parts[IDS].data) == ["a", "b"]
    assert reader.quarantined == {"line_too_long": 1}


def test_what_holds_no_vector_is_refused(tmp_path: Path) -> None:
    reader = written(tmp_path / "v", [{"id": "a", "contents": "文"}])
    with pytest.raises(BadVectors, match=r"holds 1 lines and no vector.*1 no_embedding.*wanted"):
        list(reader.parts())
    with pytest.raises(BadVectors, match="cannot be read: No such file"):
        list(GivenReader(tmp_path / "absent").parts())


@given(st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=9))
def test_a_vector_that_is_taken_has_length_one(numbers: list[float]) -> None:
    found = read_row(orjson.dumps({"id": "a", "embedding": numbers}))
    if isinstance(found, str):
        assert found in ("not_numbers", "zero_vector")  # orjson writes infinity as null
    else:
        assert abs(float(np.linalg.norm(found[1])) - 1) < 1e-5


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(9)), st.integers(1, 9), st.lists(st.integers(0, 8), max_size=20))
def test_passages_get_the_vectors_of_their_documents(order: list[int], size: int, parents: list[int]) -> None:
    files = []
    for start in range(0, 9, size):
        some = order[start : start + size]
        reader_parts = encoded([(f"d{number}", [1.0, number]) for number in some])
        files += reader_parts
    passages = encode_rows({"id": f"p{place}", "parents": [f"d{n}"]} for place, n in enumerate(parents)).data
    part = placed_shard(at_hand([passages, *files]), Placing(dimensions=2))["vectors"]
    wanted = np.array([[1.0, number] for number in parents]).reshape(-1, 2)
    wanted /= np.maximum(np.linalg.norm(wanted, axis=1, keepdims=True), 1)
    assert part.rows == len(parents)
    assert np.allclose(decode_vectors(part.data), wanted, atol=1e-3)
    assert list(documents_of(passages)) == list(dict.fromkeys(f"d{number}" for number in parents))


def encoded(rows: list[tuple[str, list[float]]]) -> list[bytes]:
    """A file of ids and one of vectors."""
    reader = GivenReader(Path("v"))
    made = [
        reader._row(number, orjson.dumps(row(name, *vector))) for number, (name, vector) in enumerate(rows)
    ]
    parts = reader._encoded(made)
    return [parts[IDS].data, parts[VECTORS].data]


def test_files_are_cut_by_lines(tmp_path: Path) -> None:
    reader = written(tmp_path / "v", (row(number, 1, number) for number in range(LINES + 1)))
    assert [parts[VECTORS].rows for parts in reader.parts()] == [LINES, 1]


def test_documents_without_a_vector_are_named() -> None:
    summary = GivenSummary(lines=4, vectors=2, dimensions=2, quarantined={"zero_vector": 2})
    require_all([["a"], ["b", "a"]], {"a": 0, "b": 0}, summary)
    with pytest.raises(
        BadVectors, match=r"4 of 6 documents .* such as 'c', 'd', 'e'; 2 of 4 lines .*2 zero_vector"
    ):
        require_all([["a", "c"], ["b", "d", "e", "f"]], {"a": 0, "b": 0}, summary)


def test_queries_must_have_vectors_of_that_length() -> None:
    require_alike(64, UrlEmbedding(model="m", dimensions=64))
    with pytest.raises(BadVectors, match="have 64 dimensions, model m gives 32 to queries"):
        require_alike(64, UrlEmbedding(model="m", dimensions=32))
