"""Lines come out of files of any kind, damaged ones too, in bounded memory."""

import gzip
import io
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from tasks.corpus.reading import Line, WrongInput, find_files, read_lines

MEGABYTE = 1 << 20


def lines(name: str, data: bytes, max_bytes: int = MEGABYTE) -> list[Line]:
    return list(read_lines(name, io.BytesIO(data), max_bytes))


@pytest.mark.parametrize(
    ("name", "pack"),
    [("x.jsonl", bytes), ("x.jsonl.gz", gzip.compress), ("x.jsonl.zst", zstandard.compress)],
)
def test_lines_are_counted_from_one_and_blank_ones_passed_over(name: str, pack: object) -> None:
    assert callable(pack)
    data = pack(b"a\r\n\n  \nb\nlast")
    assert lines(name, data) == [Line(1, b"a"), Line(4, b"b"), Line(5, b"last")]


def test_an_empty_file_has_no_lines() -> None:
    assert lines("x.jsonl", b"") == []
    assert lines("x.jsonl.gz", b"") == []


def test_a_line_too_long_is_passed_over_and_the_next_is_read() -> None:
    data = b"a\n" + b"x" * 5000 + b"\nb\n" + b"y" * 5000
    assert lines("x.jsonl", data, 1000) == [
        Line(1, b"a"),
        Line(2, None, "line_too_long"),
        Line(3, b"b"),
        Line(4, None, "line_too_long"),
    ]


def test_a_line_of_just_the_limit_is_read() -> None:
    assert lines("x.jsonl", b"x" * 1000 + b"\nb\n", 1000) == [Line(1, b"x" * 1000), Line(2, b"b")]


def test_a_line_of_200_megabytes_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(b'{"id": "a"}\n')
        for _ in range(200):
            out.write(b"x" * MEGABYTE)
        out.write(b"\nb\n")
    tracemalloc.start()
    with path.open("rb") as source:
        found = list(read_lines(path.name, source, 16 * MEGABYTE))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [Line(1, b'{"id": "a"}'), Line(2, None, "line_too_long"), Line(3, b"b")]
    assert peak < 64 * MEGABYTE


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_truncated_gzip_gives_what_it_holds_and_then_its_damage(cut: float) -> None:
    import random

    rng = random.Random(1)
    whole = b"".join(b"%d %s\n" % (number, rng.randbytes(20).hex().encode()) for number in range(5000))
    packed = gzip.compress(whole)
    found = lines("x.jsonl.gz", packed[: int(len(packed) * cut)])
    assert found[-1].reason == "damaged_file"
    assert all(line.raw is not None and line.raw in whole for line in found[:-1])


def test_a_file_that_is_not_what_its_name_says_is_damaged() -> None:
    assert lines("x.jsonl.gz", b"plain text\n") == [Line(1, None, "damaged_file")]
    assert lines("x.jsonl.zst", b"plain text\n") == [Line(1, None, "damaged_file")]


def test_finds_files_by_path_folder_and_glob(tmp_path: Path) -> None:
    for name in ("b/x.jsonl", "a/y.jsonl.gz", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert list(find_files(str(tmp_path / "b" / "x.jsonl"))) == ["x.jsonl"]
    assert list(find_files(str(tmp_path))) == ["a/y.jsonl.gz", "b/x.jsonl"]
    assert list(find_files(str(tmp_path / "*" / "*.jsonl*"))) == ["a/y.jsonl.gz", "b/x.jsonl"]


@pytest.mark.parametrize("pattern", ["nowhere.jsonl", "*.nothing", "empty"])
def test_an_input_that_is_not_there_is_one_sentence(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongInput, match="name a file, a folder or a glob"):
        find_files(str(tmp_path / pattern))
