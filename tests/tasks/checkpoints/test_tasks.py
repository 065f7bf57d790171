"""The steps under a real Prefect server and a real S3 server: models are published whole and proven, or not at all."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from prefect import flow

from blocks.history import actions
from blocks.holdings import Held, NotHeld, folder_of, publish
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef, FileEntry, Tree
from datasets_registry.entries import UnknownEntry
from tasks.checkpoints.config import CPU_TINY, BaseConfig
from tasks.checkpoints.folder import BadModelFolder
from tasks.checkpoints.safetensors_file import DamagedFile
from tasks.checkpoints.tasks import NotAModel, base_model, merge_adapter
from tests.tasks.checkpoints.conftest import SMALL, write_model


@flow(persist_result=False)
def take(config: BaseConfig) -> ArtifactRef:
    return base_model(config)


@flow(persist_result=False)
def merge(base: ArtifactRef, training: ArtifactRef) -> ArtifactRef:
    return merge_adapter(base, training)


@pytest.fixture(autouse=True)
def home(prefect_store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def hold(folder: Path, name: str) -> Held:
    """A model as `finloom data get` leaves it in finloom's home."""
    write_model(folder)
    files = tuple(
        FileEntry(
            name=path.name, sha256=sha256(path.read_bytes()).hexdigest(), bytes=path.stat().st_size, rows=0
        )
        for path in sorted(folder.iterdir())
    )
    (folder / "README.md").write_text("added by the user")
    made = Held(
        name=name,
        kind="model",
        hub="huggingface",
        repository=f"Qwen/{name}",
        asked=None,
        revision="0" * 40,
        wanted=(),
        files=files,
        left_out=(),
        sha256=Tree(kind="model", files=files).ref().sha256,
        at="2026-11-21",
    )
    publish(made, folder)
    return made


def test_a_fetched_model_is_stored_file_by_file(tmp_path: Path, prefect_store: ArtifactStore) -> None:
    (folder_of("Qwen3-0.6B").parent).mkdir(parents=True)
    model = hold(tmp_path / "incoming", "Qwen3-0.6B")
    ref = take(BaseConfig(name="qwen3-0.6b"))
    assert ref.sha256 == model.sha256
    assert prefect_store.is_whole(ref)
    (model.folder / "config.json").write_text('{"model_type": "qwen2"}')
    with pytest.raises(BadModelFolder, match="was changed after it was fetched"):
        take(BaseConfig(name="qwen3-0.6b"))


@pytest.mark.parametrize(
    ("name", "problem", "says"),
    [
        ("Qwen3-8B", NotHeld, "finloom data get"),
        ("FinEval", NotAModel, "wanted a model"),
        ("Qwen4-8B", UnknownEntry, "did you mean"),
    ],
)
def test_what_is_no_model_is_refused(
    prefect_store: ArtifactStore, name: str, problem: type[Exception], says: str
) -> None:
    with pytest.raises(problem, match=says):
        take(BaseConfig(name=name))
    assert list(prefect_store.keys("artifacts/")) == []


@pytest.mark.verl
def test_a_base_is_made_and_an_adapter_merged(
    home: Path, prefect_store: ArtifactStore, tool: Callable[[str], object], adapter: Path, tiny: Path
) -> None:
    tool("verl")
    base = take(BaseConfig(name=CPU_TINY, tiny=SMALL))
    made = {file.name: prefect_store.get_blob(file.sha256) for file in prefect_store.tree(base).files}
    assert made == {path.name: path.read_bytes() for path in tiny.iterdir()}
    files = [
        file.model_copy(update={"name": f"adapter/{file.name}"}) for file in prefect_store.add_folder(adapter)
    ]
    merged = merge(base, prefect_store.publish("training/sft", files))
    proof = json.loads(prefect_store.get_blob(prefect_store.tree(merged).file("proof.json").sha256))
    assert proof["equal_next_tokens"] == proof["positions"]
    assert sorted(action.task for action in actions(prefect_store)) == ["make-tiny-base", "merge-adapter"]
    assert list((home / "work").iterdir()) == []


@pytest.mark.verl
def test_nothing_is_published_without_an_adapter(
    prefect_store: ArtifactStore, tool: Callable[[str], object], tmp_path: Path
) -> None:
    tool("verl")
    base = prefect_store.publish("model", prefect_store.add_folder(write_model(tmp_path / "model")))
    training = prefect_store.publish("training/sft", [prefect_store.add_file("metrics.jsonl", b"")])
    before = list(prefect_store.keys("artifacts/"))
    with pytest.raises(DamagedFile, match="is missing"):
        merge(base, training)
    assert list(prefect_store.keys("artifacts/")) == before
