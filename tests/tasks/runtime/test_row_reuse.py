"""A shard that changed a little becomes what it would become by itself, and only its new rows are worked on."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from blocks.store import ArtifactStore
from datasets_registry.artifact import FileEntry
from tasks.runtime.keys import REFRESH, Identity
from tasks.runtime.parts import Part, at_hand, decode_rows, encode_rows
from tasks.runtime.row_reuse import Done, NamedRows, rows_done_once
from tasks.runtime.shards import Earlier, map_shards

STEP = Identity("measure", "1")
WORKED_ON: list[str] = []


class Measure(BaseModel):
    times: int = 2


def measure(inputs: Sequence[bytes], config: Measure) -> dict[str, Part]:
    """Two parts of two row files and one that all rows share."""
    words, sizes, shared = (list(decode_rows(data)) for data in inputs)
    unit = int(str(shared[0]["unit"])) * config.times
    names = [f"{row['word']}" for row in words]
    WORKED_ON.extend(names)
    lengths = [[len(name) * unit, int(str(row["size"]))] for name, row in zip(names, sizes, strict=True)]
    buffer = io.BytesIO()
    np.save(buffer, np.array(lengths, np.float16).reshape(-1, 2), allow_pickle=False)
    return {
        "loud": encode_rows({"word": name.upper()} for name in names),
        "lengths": Part(buffer.getvalue(), len(names), "npy"),
    }


def files(rows: Sequence[tuple[str, int]], unit: int = 3) -> list[bytes]:
    words = encode_rows({"word": word} for word, _ in rows)
    sizes = encode_rows({"size": size} for _, size in rows)
    return [words.data, sizes.data, encode_rows([{"unit": unit}]).data]


ROWS = st.lists(st.tuples(st.sampled_from(["甲", "a", "bb", "ccc"]), st.integers(0, 3)), max_size=8)


@given(ROWS, ROWS)
def test_the_result_is_that_of_the_function_byte_for_byte(
    before: list[tuple[str, int]], now: list[tuple[str, int]]
) -> None:
    made = measure(files(before), Measure())
    WORKED_ON.clear()
    again = rows_done_once(measure, at_hand(files(now)), Done(files(before)[:2], made), Measure())
    worked_on = list(WORKED_ON)
    assert again == measure(files(now), Measure())
    if set(now) & set(before) or not now:
        assert sorted(worked_on) == sorted(word for word, _ in set(now) - set(before))


def spell(inputs: Sequence[bytes], config: Measure) -> dict[str, Part]:
    """Any number of rows for each: its letters, so often as the config says."""
    rows = [row for data in inputs for row in decode_rows(data)]
    WORKED_ON.extend(str(row["id"]) for row in rows)
    letters = (
        {"letter": letter, "parents": [row["id"], "x"]}
        for row in rows
        for letter in str(row["word"]) * config.times
    )
    return {"letters": encode_rows(letters)}


NAMED = st.dictionaries(st.sampled_from("12345678"), st.sampled_from(["", "a", "bb", "碳"])).map(
    lambda words: [{"id": name, "word": word} for name, word in words.items()]
)


@given(NAMED, NAMED)
def test_rows_that_name_theirs_are_gathered_in_order(
    before: list[dict[str, str]], now: list[dict[str, str]]
) -> None:
    old, new = encode_rows(before).data, encode_rows(now).data
    done = Done([old], spell([old], Measure()), NamedRows("id", "parents"))
    WORKED_ON.clear()
    again = rows_done_once(spell, at_hand([new]), done, Measure())
    worked_on = list(WORKED_ON)
    assert again == spell([new], Measure())
    assert worked_on == [row["id"] for row in now if row not in before]


@pytest.fixture
def add(store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("FINLOOM_WORKERS", "0")

    def shard(rows: Sequence[tuple[str, int]], unit: int = 3) -> list[FileEntry]:
        WORKED_ON.clear()
        return [store.add_file(f"in/{n:05d}.jsonl.zst", data) for n, data in enumerate(files(rows, unit))]

    return shard


BEFORE = [("甲", 1), ("bb", 2), ("ccc", 3)]
NOW = [("bb", 2), ("new", 2), ("甲", 1)]


def test_an_earlier_shard_saves_work_and_leaves_no_trace(store: ArtifactStore, add: object) -> None:
    assert callable(add)
    map_shards(store, STEP, measure, [add(BEFORE)], Measure())
    today, old = add(NOW), add(BEFORE)
    made = map_shards(store, STEP, measure, [today], Measure(), earlier=Earlier([old], 2))
    assert WORKED_ON == ["new"]
    WORKED_ON.clear()
    assert map_shards(store, STEP, measure, [today], Measure()) == made
    assert WORKED_ON == [], "the result is known by what it was made from, however it was made"


@pytest.mark.parametrize("different", ["config", "version", "shared file", "refreshed", "not done"])
def test_what_was_made_otherwise_is_not_taken(
    store: ArtifactStore, add: object, different: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(add)
    if different != "not done":
        map_shards(store, STEP, measure, [add(BEFORE, 4 if different == "shared file" else 3)], Measure())
    today, old = add(NOW), add(BEFORE)
    if different == "refreshed":
        monkeypatch.setenv(REFRESH, STEP.name)
    step = Identity("measure", "2") if different == "version" else STEP
    config = Measure(times=7 if different == "config" else 2)
    map_shards(store, step, measure, [today], config, earlier=Earlier([old], 2))
    assert [word for word, _ in NOW] == WORKED_ON


def test_shards_without_an_earlier_one_are_done_as_they_are(store: ArtifactStore, add: object) -> None:
    assert callable(add)
    today = [add(BEFORE), add(NOW)]
    WORKED_ON.clear()
    made = map_shards(store, STEP, measure, today, Measure(), earlier=Earlier([add(BEFORE)], 2))
    assert [file.name for file in made] == [
        "loud/00000.jsonl.zst", "lengths/00000.npy", "loud/00001.jsonl.zst", "lengths/00001.npy"
    ]  # fmt: skip
