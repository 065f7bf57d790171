"""A model folder is taken only if it is whole and brings no code."""

import json
from pathlib import Path

import pytest

from tasks.checkpoints.folder import BadModelFolder, check_model_folder
from tests.tasks.checkpoints.conftest import safetensors, write_model, write_zip


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def test_a_whole_folder_is_taken(model: Path) -> None:
    check_model_folder(model)


def test_shards_are_taken_by_their_index(model: Path) -> None:
    (model / "model.safetensors").rename(model / "model-00001-of-00002.safetensors")
    (model / "model-00002-of-00002.safetensors").write_bytes(safetensors({"c": 5}))
    places = {"a": "model-00001-of-00002.safetensors", "c": "model-00002-of-00002.safetensors"}
    index = model / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    check_model_folder(model)
    index.write_text(json.dumps({"weight_map": places | {"d": "model-00002-of-00002.safetensors"}}))
    with pytest.raises(BadModelFolder, match="has no tensor d"):
        check_model_folder(model)
    index.write_text(json.dumps({"weight_map": places | {"d": "model-00003-of-00003.safetensors"}}))
    with pytest.raises(BadModelFolder, match="model-00003-of-00003"):
        check_model_folder(model)
    index.write_text(json.dumps({"weight_map": {"a": "../model/model-00001-of-00002.safetensors"}}))
    with pytest.raises(BadModelFolder, match="wanted a file of the folder"):
        check_model_folder(model)


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
)
def test_a_missing_file_is_named(model: Path, name: str) -> None:
    (model / name).unlink()
    with pytest.raises(BadModelFolder, match=rf"{name} is missing"):
        check_model_folder(model)


def test_a_truncated_weight_is_refused(model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(BadModelFolder, match="its header promises"):
        check_model_folder(model)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "deep/weights.PT", "x.pth", "x.pkl", "x.ckpt"])
def test_what_unpickles_is_refused_beside_good_weights(model: Path, name: str) -> None:
    (model / name).parent.mkdir(exist_ok=True)
    write_zip(model / name)
    with pytest.raises(BadModelFolder, match="may run code"):
        check_model_folder(model)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "generation_config.json"])
def test_a_folder_with_code_is_refused(model: Path, name: str) -> None:
    (model / name).write_text('{"auto_map": {"AutoModelForCausalLM": "modeling.Evil"}}')
    with pytest.raises(BadModelFolder, match="auto_map"):
        check_model_folder(model)


def test_a_cut_config_is_refused(model: Path) -> None:
    (model / "config.json").write_text('{"model_type": ')
    with pytest.raises(BadModelFolder, match="is not JSON"):
        check_model_folder(model)


def test_no_folder_at_all_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(BadModelFolder, match="finloom data get"):
        check_model_folder(tmp_path / "none")
