"""The catalog can be read by people and by machines, and what it names can be fetched; an unknown name is wrong use."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from finloom.data import app
from tests.fakes.hub import FakeHub, fake_hub

MODEL = {"config.json": b"{}", "model.safetensors": b"weights" * 1000, "pytorch_model.bin": b"pickled"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub that has Qwen3-0.6B, and an empty home."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with fake_hub({"models/Qwen/Qwen3-0.6B": dict(MODEL)}) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


def test_the_list_as_json_holds_every_model_with_its_licence() -> None:
    result = CliRunner().invoke(app, ["list", "--kind", "model", "--json"])
    assert result.exit_code == 0
    assert '"licence": "llama2"' in result.stdout and "gsm8k" not in result.stdout


def test_the_list_for_people_names_unknown_licences() -> None:
    result = CliRunner().invoke(app, ["list"])
    assert result.exit_code == 0
    assert "OmniEval-Corpus" in result.stdout and "unknown" in result.stdout


def test_show_prints_one_entry_in_both_forms() -> None:
    people = CliRunner().invoke(app, ["show", "gsm8k"])
    machine = CliRunner().invoke(app, ["show", "gsm8k", "--json"])
    assert "openai/gsm8k" in people.stdout and '"loader": "load_questions"' in machine.stdout
    assert people.exit_code == machine.exit_code == 0


def test_show_of_an_unknown_name_is_wrong_use() -> None:
    result = CliRunner().invoke(app, ["show", "gsm9k"])
    assert result.exit_code == 2
    assert "did you mean gsm8k?" in result.stderr


def test_get_says_what_it_will_fetch_and_where_it_is(hub: FakeHub, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["get", "qwen/qwen3-0.6b"])
    assert result.exit_code == 0, result.stderr
    assert "2 files, 7.0 kB, of which 0 bytes are here; licence: Apache-2.0" in result.stderr
    assert "left out: pytorch_model.bin" in result.stderr
    folder = tmp_path / "home" / "data" / "Qwen3-0.6B"
    assert str(folder) in result.stdout and (folder / "model.safetensors").exists()


def test_the_list_shows_what_is_here(hub: FakeHub) -> None:
    before = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)
    assert {item["here"] for item in before} == {None}
    CliRunner().invoke(app, ["get", "Qwen3-0.6B"])
    after = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)
    (here,) = (item["here"] for item in after if item["here"])
    assert here["complete"] and here["revision"] == hub.commit and here["repository"] == "Qwen/Qwen3-0.6B"
    assert "@aaaaaaa" in CliRunner().invoke(app, ["list", "--kind", "model"]).stdout
    assert "@aaaaaaa" in CliRunner().invoke(app, ["show", "Qwen3-0.6B"]).stdout


def test_verify_names_what_is_damaged_and_fetches_nothing(hub: FakeHub) -> None:
    absent = CliRunner().invoke(app, ["get", "Qwen3-0.6B", "--verify"])
    assert absent.exit_code == 1 and "run `finloom data get Qwen3-0.6B`" in absent.stderr
    found = json.loads(CliRunner().invoke(app, ["get", "Qwen3-0.6B", "--json"]).stdout)
    assert CliRunner().invoke(app, ["get", "Qwen3-0.6B", "--verify"]).exit_code == 0
    (Path(found["folder"]) / "model.safetensors").write_bytes(b"other")
    hub.asked.clear()
    damaged = CliRunner().invoke(app, ["get", "Qwen3-0.6B", "--verify"])
    assert damaged.exit_code == 1 and hub.asked == []
    assert "model.safetensors: found 5 bytes, wanted 7000" in damaged.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["get", "Qwen4"], 2, "the catalog has no entry 'Qwen4'"),
        (["get", "Qwen3-8B"], 1, "no such public repository: Qwen/Qwen3-8B"),
        (["get", "Qwen3-8B"], 1, "ModelScope has it too: --hub modelscope"),
        (["get", "carbon-mee-notices"], 1, "cannot be fetched by a program"),
        (["get", "Qwen3-0.6B", "--hub", "ftp"], 2, "ftp"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(
    hub: FakeHub, arguments: list[str], code: int, sentence: str
) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code and sentence in result.stderr
