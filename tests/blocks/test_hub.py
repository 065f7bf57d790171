"""What the hubs answer, understood: listings in pages, mirrors, permission, and hubs that must not be trusted."""

from collections.abc import Iterator

import pytest

from blocks.hub import HubProblem, Kind, Snapshot, endpoint, look, open_hub
from tests.fakes.hub import FakeHub, fake_hub

MODEL = {"config.json": b"{}", "model.safetensors": b"weights" * 100, "README.md": b"# read me"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with one model and one data set, named as everybody's mirror."""
    datasets = {f"part-{number:04}.jsonl": b"{}" for number in range(450)}
    with fake_hub({"models/we/model": dict(MODEL), "datasets/we/data": datasets}) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url + "/")
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", running.url)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield running


def at_huggingface(
    repository: str = "we/model", kind: Kind = "model", revision: str | None = None
) -> Snapshot:
    with open_hub("huggingface") as client:
        return look(client, "huggingface", repository, kind, revision, ())


def at_modelscope(repository: str, kind: Kind) -> Snapshot:
    with open_hub("modelscope") as client:
        return look(client, "modelscope", repository, kind, None, ())


def test_a_listing_in_pages_is_read_whole_from_the_mirror_that_was_asked(hub: FakeHub) -> None:
    found = at_huggingface()
    assert sorted(file.path for file in found.files) == sorted(MODEL)
    assert found.commit == hub.commit
    assert len([path for path in hub.paths("hub") if "/tree/" in path]) == 2


def test_large_files_have_a_sha256_and_small_ones_the_sha1_of_git(hub: FakeHub) -> None:
    files = {file.path: file for file in at_huggingface().files}
    assert files["model.safetensors"].sha256 and not files["model.safetensors"].git_sha1
    # `printf '{}' | git hash-object --stdin`
    assert files["config.json"].git_sha1 == "9e26dfeeb6e641a33dae4961196235bdb965b21b"


def test_the_bytes_are_asked_for_at_the_commit_and_not_at_the_branch(hub: FakeHub) -> None:
    assert all(f"/resolve/{hub.commit}/" in file.url for file in at_huggingface(revision="main").files)


def test_modelscope_gives_a_model_at_once_and_a_data_set_in_pages(hub: FakeHub) -> None:
    assert sorted(file.path for file in at_modelscope("we/model", "model").files) == sorted(MODEL)
    assert len(at_modelscope("we/data", "dataset").files) == 450
    assert len([path for path in hub.paths("hub") if "PageNumber" in path]) == 3


def test_a_hub_that_names_no_commit_gets_a_digest_that_follows_the_files(hub: FakeHub) -> None:
    first, same = at_modelscope("we/model", "model").commit, at_modelscope("we/model", "model").commit
    hub.repositories["models/we/model"]["config.json"] = b'{"a": 1}'
    assert first == same != at_modelscope("we/model", "model").commit


def test_the_token_is_sent_to_the_hub_of_its_name_only(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    at_huggingface()
    assert all(headers.get("authorization") == "Bearer hf_secret" for _, _, headers in hub.asked)
    hub.asked.clear()
    at_modelscope("we/model", "model")
    assert not any("hf_secret" in str(headers) for _, _, headers in hub.asked)


def test_a_gated_repository_says_what_to_do(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.token = "hf_right"
    with pytest.raises(HubProblem, match=r"gated .* HF_TOKEN is not set: accept its terms"):
        at_huggingface()
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(HubProblem, match=r"the token in HF_TOKEN has no access") as caught:
        at_huggingface()
    assert "hf_wrong" not in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert at_huggingface().files


@pytest.mark.parametrize(
    ("repository", "revision", "problem"),
    [("we/nothing", None, "no such public repository"), ("we/model", "v9", "no such public revision")],
)
def test_what_is_not_there_is_said_in_one_sentence(
    hub: FakeHub, repository: str, revision: str | None, problem: str
) -> None:
    with pytest.raises(HubProblem, match=problem):
        at_huggingface(repository, revision=revision)


def test_no_network_names_the_variable_of_a_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubProblem, match=r"no answer for we/model .* name a mirror by HF_ENDPOINT"):
        at_huggingface()


def test_an_answer_that_is_no_listing_is_refused(hub: FakeHub) -> None:
    hub.commit = "not a commit"
    with pytest.raises(HubProblem, match="no listing of a hub"):
        at_huggingface()


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "/etc/passwd",
        "a/../../b",
        "a//b",
        "./a",
        "a\\..\\b",
        "config.json/inner",
        "a\nb",
        "a\0b",
        "",
    ],
)
def test_a_name_that_has_no_place_in_a_folder_is_refused(hub: FakeHub, path: str) -> None:
    hub.repositories["models/we/model"][path] = b"evil"
    with pytest.raises(HubProblem, match="not to be trusted"):
        at_huggingface()


@pytest.mark.parametrize("value", ["hub.example.com", "https://hub.example.com/"])
def test_a_mirror_may_be_named_with_or_without_its_scheme(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", value)
    monkeypatch.delenv("MODELSCOPE_ENDPOINT", raising=False)
    monkeypatch.setenv("MODELSCOPE_DOMAIN", value)
    assert endpoint("huggingface") == endpoint("modelscope") == "https://hub.example.com"
