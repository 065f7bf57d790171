"""Shards are done once, in any process, and their results do not depend on how they were run."""

from collections.abc import Sequence

import pytest
from pydantic import BaseModel

from blocks.store import ArtifactStore
from datasets_registry.artifact import FileEntry
from tasks.runtime.keys import Identity
from tasks.runtime.parts import Part, decode_rows, encode_rows
from tasks.runtime.shards import map_shards

STEP = Identity("upper", "1")
CALLS: list[int] = []


class Shout(BaseModel):
    mark: str = "!"


def shout(inputs: Sequence[bytes], config: Shout) -> dict[str, Part]:
    CALLS.append(len(inputs))
    rows = [{"text": str(row["text"]).upper() + config.mark} for data in inputs for row in decode_rows(data)]
    return {"loud": encode_rows(rows)}


@pytest.fixture
def shards(store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> list[list[FileEntry]]:
    monkeypatch.setenv("FINLOOM_WORKERS", "0")
    CALLS.clear()
    parts = [encode_rows([{"text": f"row {number}"}]) for number in range(5)]
    return [[store.add_file(f"in/{n:05d}.{p.suffix}", p.data, p.rows)] for n, p in enumerate(parts)]


def test_files_are_named_after_their_part_and_shard(
    store: ArtifactStore, shards: list[list[FileEntry]]
) -> None:
    files = map_shards(store, STEP, shout, shards, Shout())
    assert [file.name for file in files] == [f"loud/{n:05d}.jsonl.zst" for n in range(5)]
    assert list(decode_rows(store.get_blob(files[3].sha256))) == [{"text": "ROW 3!"}]


def test_finished_shards_are_not_done_again(store: ArtifactStore, shards: list[list[FileEntry]]) -> None:
    before = map_shards(store, STEP, shout, shards[:3], Shout())
    CALLS.clear()
    assert map_shards(store, STEP, shout, shards, Shout())[:3] == before
    assert len(CALLS) == 2


def test_a_shard_that_moved_is_found_again(store: ArtifactStore, shards: list[list[FileEntry]]) -> None:
    map_shards(store, STEP, shout, shards, Shout())
    CALLS.clear()
    files = map_shards(store, STEP, shout, shards[::-1], Shout())
    assert not CALLS
    assert [file.name for file in files] == [f"loud/{n:05d}.jsonl.zst" for n in range(5)]


@pytest.mark.parametrize("changed", ["config", "version"])
def test_another_config_or_version_does_the_work_again(
    store: ArtifactStore, shards: list[list[FileEntry]], changed: str
) -> None:
    map_shards(store, STEP, shout, shards, Shout())
    CALLS.clear()
    identity = Identity("upper", "2") if changed == "version" else STEP
    map_shards(store, identity, shout, shards, Shout(mark="?") if changed == "config" else Shout())
    assert len(CALLS) == 5


def test_a_shard_whose_result_is_gone_is_done_again(
    store: ArtifactStore, shards: list[list[FileEntry]]
) -> None:
    files = map_shards(store, STEP, shout, shards, Shout())
    store.client.delete_object(Bucket=store.bucket, Key=f"blobs/{files[2].sha256}")
    CALLS.clear()
    assert map_shards(store, STEP, shout, shards, Shout()) == files
    assert len(CALLS) == 1


def test_a_refreshed_step_does_all_its_shards_again(
    store: ArtifactStore, shards: list[list[FileEntry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = map_shards(store, STEP, shout, shards, Shout())
    CALLS.clear()
    monkeypatch.setenv("FINLOOM_REFRESH", "other,upper")
    assert map_shards(store, STEP, shout, shards, Shout()) == files
    assert len(CALLS) == 5


def test_progress_counts_finished_shards_too(store: ArtifactStore, shards: list[list[FileEntry]]) -> None:
    map_shards(store, STEP, shout, shards[:3], Shout())
    seen: list[tuple[int, int]] = []
    map_shards(store, STEP, shout, shards, Shout(), lambda done, total: seen.append((done, total)))
    assert seen == [(4, 5), (5, 5)]
