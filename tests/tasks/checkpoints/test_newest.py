"""The newest whole checkpoint is found whatever a kill or a full disk left of the one after it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.checkpoints.newest import newest_swift, newest_verl
from tests.tasks.checkpoints.conftest import safetensors, write_zip

Find = Callable[[Path], Path | None]
Write = Callable[[Path, int], Path]


def write_swift(folder: Path, step: int) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "adapter_model.safetensors").write_bytes(safetensors({"a": 64}))
    (path / "adapter_config.json").write_text('{"r": 8}')
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        write_zip(path / name)
    (path / "trainer_state.json").write_text(json.dumps({"global_step": step, "log_history": [{"loss": 1}]}))
    return path


def write_deepspeed(folder: Path, step: int) -> Path:
    path = write_swift(folder, step)
    (path / "optimizer.pt").unlink()
    (path / "scheduler.pt").unlink()
    (path / "rng_state.pth").unlink()
    shards = path / f"global_step{step}"
    shards.mkdir()
    (path / "latest").write_text(shards.name)
    write_zip(shards / "mp_rank_00_model_states.pt")
    for rank in range(2):
        write_zip(path / f"rng_state_{rank}.pth")
        write_zip(shards / f"bf16_zero_pp_rank_{rank}_mp_rank_00_optim_states.pt")
    return path


def write_sft(folder: Path, step: int, ranks: int = 2) -> Path:
    path = folder / f"global_step_{step}"
    write_shards(path, ranks)
    write_zip(path / "data_0.pt")
    return path


def write_grpo(folder: Path, step: int) -> Path:
    path = folder / f"global_step_{step}"
    write_shards(path / "actor", 1)
    write_zip(path / "data.pt")
    return path


def write_shards(path: Path, ranks: int) -> None:
    path.mkdir(parents=True)
    for rank in range(ranks):
        for part in ("model", "optim", "extra_state"):
            write_zip(path / f"{part}_world_size_{ranks}_rank_{rank}.pt")
    (path / "fsdp_config.json").write_text(json.dumps({"FSDP_version": 2, "world_size": ranks}))


LAYOUTS = pytest.mark.parametrize(
    ("find", "write"),
    [
        (newest_swift, write_swift),
        (newest_swift, write_deepspeed),
        (newest_verl, write_sft),
        (newest_verl, write_grpo),
    ],
    ids=["swift", "swift-deepspeed", "verl-sft", "verl-grpo"],
)


@LAYOUTS
def test_the_highest_step_is_taken(find: Find, write: Write, tmp_path: Path) -> None:
    assert find(tmp_path / "not there") is None
    assert find(tmp_path) is None
    for step in (9, 10, 2):
        write(tmp_path, step)
    (tmp_path / "latest_checkpointed_iteration.txt").write_text("2")
    (tmp_path / "checkpoint-last").mkdir()
    newest = find(tmp_path)
    assert newest is not None
    assert newest.name.endswith("10")


@LAYOUTS
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_after_any_damage_the_one_before_is_taken(
    find: Find, write: Write, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("run")
    before, newest = write(folder, 5), write(folder, 10)
    files = sorted(path for path in newest.rglob("*") if path.is_file())
    file = data.draw(st.sampled_from(files))
    if data.draw(st.booleans()):
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: data.draw(st.integers(0, file.stat().st_size - 1))])
    assert find(folder) == before
    shutil.rmtree(folder)


@LAYOUTS
def test_a_changed_byte_inside_an_archive_is_seen(find: Find, write: Write, tmp_path: Path) -> None:
    before, newest = write(tmp_path, 5), write(tmp_path, 10)
    archive = max(path for path in newest.rglob("*") if path.suffix in (".pt", ".pth"))
    archive.write_bytes(archive.read_bytes().replace(b"\x00\x01\x02", b"\x00\x01\x03", 1))
    assert find(tmp_path) == before


def test_a_state_of_another_step_is_refused(tmp_path: Path) -> None:
    path = write_swift(tmp_path, 10)
    (path / "trainer_state.json").write_text('{"global_step": 5}')
    assert newest_swift(tmp_path) is None


def test_checkpoints_of_a_whole_model_count_too(tmp_path: Path) -> None:
    path = write_swift(tmp_path, 10)
    (path / "adapter_model.safetensors").rename(path / "model.safetensors")
    assert newest_swift(tmp_path) is None
    (path / "adapter_config.json").rename(path / "config.json")
    assert newest_swift(tmp_path) == path


def test_shards_of_another_number_of_ranks_are_refused(tmp_path: Path) -> None:
    path = write_sft(tmp_path, 10)
    write_zip(path / "model_world_size_4_rank_3.pt")
    assert newest_verl(tmp_path) is None


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    """The members called data.pkl above are no pickles: whoever opened them would fail."""
    assert newest_verl(write_grpo(tmp_path, 1).parent) == tmp_path / "global_step_1"
