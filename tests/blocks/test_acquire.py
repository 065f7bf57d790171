"""A data set or model is here whole, verified and named, or what was here before still is."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks import acquire
from blocks.acquire import get
from blocks.holdings import NotHeld, all_held, damaged, folder_of, held, read_held
from blocks.hub import HubProblem
from datasets_registry.artifact import UnsupportedFormat
from datasets_registry.entries import CatalogEntry
from tests.fakes.hub import FakeHub, fake_hub

WEIGHTS = b"weights" * 20_000
MODEL = {
    "model.safetensors": WEIGHTS,
    "config.json": b'{"model_type": "qwen3"}',
    "tokenizer.json": b"{}",
    "LICENSE": b"Apache-2.0",
    "1_Pooling/config.json": b"{}",
    "pytorch_model.bin": b"pickled",
    "original/consolidated.00.pth": b"pickled",
    "modeling_we.py": b"code",
    ".gitattributes": b"",
}
DATA = {
    "train.jsonl": b'{"a": 1}\n',
    "test.jsonl": b'{"a": 2}\n',
    "load.py": b"code",
    "index.pkl": b"pickled",
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub with one model and one data set, and a home of this test's own."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with fake_hub({"models/we/model": dict(MODEL), "datasets/we/data": dict(DATA)}) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", running.url)
        yield running


def entry(kind: str = "model", **source: object) -> CatalogEntry:
    where = {"hub": "huggingface", "id": f"we/{'model' if kind == 'model' else 'data'}", "mirror": "we/model"}
    return CatalogEntry.model_validate(
        {
            "name": "ours", "kind": kind, "title": "t", "source": where | source, "licence": None, "format": None,
            "languages": ["zh"], "size": {}, "used_by": ["sft"],
        }
    )  # fmt: skip


def test_of_a_model_only_plain_data_is_taken(hub: FakeHub) -> None:
    found = get(entry())
    taken = {"model.safetensors", "config.json", "tokenizer.json", "LICENSE", "1_Pooling/config.json"}
    assert {file.name for file in found.files} == taken
    assert set(found.left_out) == set(MODEL) - taken
    assert (found.revision, found.asked, found.repository) == (hub.commit, None, "we/model")
    assert {
        path.relative_to(found.folder).as_posix() for path in found.folder.rglob("*") if path.is_file()
    } == {
        *taken,
        "finloom.json",
    }
    assert not any(name in path for path in hub.paths("hub") for name in (".bin", ".pth", ".py"))
    assert damaged(found) == [] and all_held() == {"ours": found} and held("ours") == found


def test_the_second_time_nothing_is_asked(hub: FakeHub) -> None:
    first = get(entry())
    hub.asked.clear()
    assert get(entry()) == get(entry(), "huggingface") == get(entry(), revision=hub.commit) == first
    assert hub.asked == []


def test_of_a_data_set_the_patterns_of_the_catalog_are_taken_and_never_code(hub: FakeHub) -> None:
    assert {file.name for file in get(entry("dataset")).files} == {"train.jsonl", "test.jsonl"}
    narrow = get(entry("dataset", files=["te*"]))
    assert {file.name for file in narrow.files} == {"test.jsonl"}
    assert not (narrow.folder / "train.jsonl").exists()


def test_a_pattern_that_matches_nothing_is_no_empty_success(hub: FakeHub) -> None:
    with pytest.raises(HubProblem, match=r"no file 'valid\*'"):
        get(entry("dataset", files=["valid*"]))
    assert read_held("ours") is None


def test_pickled_weights_are_refused_before_anything_is_fetched(hub: FakeHub) -> None:
    del hub.repositories["models/we/model"]["model.safetensors"]
    with pytest.raises(HubProblem, match="has no safetensors"):
        get(entry())
    assert not any("/resolve/" in path for path in hub.paths("hub"))


def test_a_configuration_with_code_is_refused_before_its_weights_are_fetched(hub: FakeHub) -> None:
    hub.repositories["models/we/model"]["config.json"] = b'{"auto_map": {"AutoModel": "modeling_we.Model"}}'
    with pytest.raises(HubProblem, match=r"config.json of we/model names code of its own \(auto_map\)"):
        get(entry())
    assert hub.paths("cdn") == [] and not folder_of("ours").exists()


def test_an_interrupted_get_goes_on_with_what_is_whole(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blocks.download.PAUSES", (0.0,))
    hub.cuts["model.safetensors"] = [50_000, 0, 0]
    with pytest.raises(HubProblem, match="broke off at 50000"):
        get(entry())
    assert not folder_of("ours").exists() and all_held() == {}
    hub.asked.clear()
    plans: list[acquire.Plan] = []
    counts: list[int] = []
    found = get(entry(), announce=plans.append, on_bytes=counts.append)
    assert [path for path in hub.paths("hub") if "config.json" in path] == []
    assert [headers["range"] for server, _, headers in hub.asked if server == "cdn"] == ["bytes=50000-"]
    assert plans[0].here > 50_000 and plans[0].bytes == found.bytes == sum(counts)


def test_a_wrong_checksum_publishes_nothing_and_keeps_what_was_there(hub: FakeHub) -> None:
    first = get(entry())
    hub.commit = "b" * 40
    hub.repositories["models/we/model"]["model.safetensors"] = WEIGHTS + b"new"
    hub.instead["model.safetensors"] = WEIGHTS + b"bad"
    with pytest.raises(HubProblem, match=r"model.safetensors: found sha256 .*, wanted"):
        get(entry(), update=True)
    assert held("ours") == first and damaged(first) == []


def test_an_update_fetches_what_changed_and_keeps_what_a_user_put_there(hub: FakeHub) -> None:
    first = get(entry())
    (first.folder / "notes").mkdir()
    (first.folder / "notes" / "mine.txt").write_text("mine")
    hub.commit = "b" * 40
    hub.repositories["models/we/model"]["config.json"] = b'{"model_type": "qwen3", "new": 1}'
    hub.asked.clear()
    second = get(entry(), update=True)
    assert second.revision == hub.commit and damaged(second) == []
    assert hub.paths("cdn") == [] and len([path for path in hub.paths("hub") if "/resolve/" in path]) == 1
    assert (second.folder / "notes" / "mine.txt").read_text() == "mine"
    assert [path.name for path in (first.folder.parent / ".incoming").iterdir() if path.is_dir()] == []


def test_damage_is_found_and_mended_by_fetching_that_file(hub: FakeHub) -> None:
    found = get(entry())
    target = found.folder / "model.safetensors"
    target.write_bytes(bytes(len(WEIGHTS)))
    assert damaged(found) and "model.safetensors: found sha256" in damaged(found)[0]
    target.unlink()
    with pytest.raises(NotHeld, match="run `finloom data get ours`"):
        held("ours")
    hub.asked.clear()
    assert damaged(get(entry())) == []
    assert len([path for path in hub.paths("hub") if "/resolve/" in path]) == 1


def test_a_crash_between_the_two_renames_is_mended_by_the_next_get(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(entry())
    hub.commit = "b" * 40
    rename = Path.rename

    def crash(self: Path, target: Path) -> Path:
        if self.name.startswith("ours@"):
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(KeyboardInterrupt):
            get(entry(), update=True)
    hub.asked.clear()
    assert damaged(get(entry())) == [] and not any("/resolve/" in path for path in hub.paths("hub"))


def test_modelscope_gives_the_same_files(hub: FakeHub) -> None:
    first = get(entry())
    shutil.rmtree(first.folder)
    second = get(entry(), "modelscope")
    assert second.hub == "modelscope" and second.sha256 == first.sha256
    with pytest.raises(HubProblem, match="the catalog knows no ours on modelscope"):
        get(entry(mirror=None), "modelscope", update=True)


def test_a_plain_folder_on_the_web_needs_names(hub: FakeHub) -> None:
    address = f"{hub.url}/datasets/we/data/resolve/main"
    found = get(entry("dataset", hub="url", id=address, files=["train.jsonl"]))
    assert (found.folder / "train.jsonl").read_bytes() == DATA["train.jsonl"]
    with pytest.raises(HubProblem, match="cannot be listed"):
        get(entry("dataset", hub="url", id=address, files=["*.jsonl"]))


def test_too_little_room_is_said_before_anything_is_fetched(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acquire, "MARGIN", 1 << 60)
    with pytest.raises(HubProblem, match=r"needs 0\.0 GiB more and .* GiB free; make room"):
        get(entry())
    assert not any("/resolve/" in path for path in hub.paths("hub"))


def test_a_name_that_leaves_the_folder_writes_nothing(hub: FakeHub, tmp_path: Path) -> None:
    hub.repositories["models/we/model"]["../../../evil.json"] = b"{}"
    with pytest.raises(HubProblem, match="not to be trusted"):
        get(entry())
    assert not list(tmp_path.rglob("evil.json"))


def test_a_catalog_that_knows_the_checksum_holds_the_hub_to_it(hub: FakeHub) -> None:
    pinned = entry().model_copy(update={"sha256": "0" * 64})
    with pytest.raises(HubProblem, match="ours is not what the catalog knows"):
        get(pinned)
    assert read_held("ours") is None
    right = get(entry()).sha256
    assert get(entry().model_copy(update={"sha256": right}), update=True).sha256 == right


def test_a_manifest_of_a_newer_finloom_is_refused(hub: FakeHub) -> None:
    manifest = get(entry()).folder / "finloom.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(UnsupportedFormat, match="upgrade finloom"):
        read_held("ours")


def test_two_at_once_are_one(hub: FakeHub) -> None:
    with acquire._one_at_a_time("ours"), pytest.raises(HubProblem, match="another `finloom data get ours`"):
        get(entry())
    assert get(entry())
