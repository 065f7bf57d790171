"""Nothing but health is open without a key, and whose documents are seen is decided by the key alone."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from datasets_registry.records import Document
from services.search.api_keys import BadKeys, find_key, parse_keys, read_keys
from services.search.app import make_app
from services.search.gate import OPEN
from services.search.server import Listening, OpenToAll
from tests.services.conftest import KEY, QUICK, TENANT_KEY, Folders, documents, serving
from tests.tasks.conftest import WriteIndex


def line(key_id: str, key: str, tenant: str = "") -> str:
    return f"{key_id}:{hashlib.sha256(key.encode()).hexdigest()}:{tenant}"


KEYS = parse_keys(f"# two keys\n{line('desk', KEY)}\n\n{line('bank', TENANT_KEY, 'bank-a')}\n", "the test")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def shared_folder(write_index: WriteIndex) -> Path:
    """Documents of nobody, and the same again for two banks."""
    theirs = [
        Document(
            f"{tenant}-{d.id}", d.contents, d.title, d.published, d.source, d.metadata | {"tenant": tenant}
        )
        for tenant in ("bank-a", "bank-b")
        for d in documents()
    ]
    return write_index([*documents(), *theirs])


@pytest.fixture
def client(tmp_path: Path, shared_folder: Path) -> Iterator[httpx.Client]:
    folders = Folders(tmp_path)
    folders.promote(folders.add(shared_folder))
    with serving(make_app(folders, QUICK, KEYS)) as client:
        yield client


def paths(routes: list[BaseRoute]) -> list[tuple[str, str]]:
    return [
        (method, route.path) for route in routes if isinstance(route, APIRoute) for method in route.methods
    ]


def test_no_path_but_health_is_open_without_a_key(client: httpx.Client, folders: Folders) -> None:
    every = [
        *paths(make_app(folders).routes),
        ("GET", "/docs"),
        ("GET", "/nowhere"),
        ("OPTIONS", "/v1/search"),
    ]
    assert len(every) > 8
    for method, path in every:
        for headers in ({}, bearer("wrong"), {"Authorization": "Digest x"}, {"Authorization": "Basic %%"}):
            status = client.request(method, path, headers=headers).status_code
            assert status == 200 if path in OPEN else status in (401, 403), (method, path, headers)


def test_a_key_opens_as_a_bearer_token_or_as_a_browsers_password(client: httpx.Client) -> None:
    basic = base64.b64encode(f"anybody:{KEY}".encode()).decode()
    for headers in (bearer(KEY), {"Authorization": f"Basic {basic}"}):
        assert client.post("/v1/search", json={"query": "利率"}, headers=headers).status_code == 200
    challenge = client.get("/").headers["WWW-Authenticate"]
    assert "Basic" in challenge


@pytest.mark.parametrize(("key", "seen"), [(KEY, {""}), (TENANT_KEY, {"", "bank-a"})])
def test_a_key_sees_the_documents_of_nobody_and_of_its_tenant(
    client: httpx.Client, key: str, seen: set[str]
) -> None:
    asked = client.post("/v1/search", json={"query": "统计", "top_k": 100}, headers=bearer(key)).json()
    verl = client.post("/retrieve", json={"queries": ["统计"], "topk": 100}, headers=bearer(key)).json()
    setting = {"top_k": 100, "score_threshold": 0}
    dify = client.post(
        "/retrieval", json={"query": "统计", "retrieval_setting": setting}, headers=bearer(key)
    ).json()
    found = (
        [hit["id"] for hit in asked["results"][0]["hits"]],
        [document["id"] for document in verl["result"][0]],
        [record["metadata"]["id"] for record in dify["records"]],
    )
    for ids in found:
        assert {name.rpartition("-d")[0] for name in ids} == seen
    page = client.get("/", params={"q": "统计", "top_k": 50}, headers=bearer(key)).text
    assert ("bank-a-d0" in page) == ("bank-a" in seen)
    assert "bank-b-d" not in page


def test_a_tenant_cannot_be_asked_for(client: httpx.Client) -> None:
    assert (
        client.post("/v1/search", json={"query": "a", "tenant": "bank-b"}, headers=bearer(KEY)).status_code
        == 422
    )
    for name in ("tenant", "X-Tenant"):
        asked = client.post(
            f"/v1/search?{name}=bank-b",
            json={"query": "统计", "top_k": 100},
            headers=bearer(KEY) | {name: "bank-b"},
        )
        assert "bank-b-d" not in asked.text


def test_dify_is_told_403_with_its_own_codes(client: httpx.Client) -> None:
    for headers, code in (({}, 1001), ({"Authorization": "bank"}, 1001), (bearer("wrong"), 1002)):
        answer = client.post("/retrieval", json={"query": "a"}, headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (403, code)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no API key"),
        ("desk:abc:", "line 1 of the test"),
        (f"{line('desk', KEY)}\ndesk {KEY}", "line 2"),
        (f"{line('desk', KEY)}\n{line('desk', 'x')}", "second time"),
        (line("desk", KEY).upper(), "line 1"),
    ],
)
def test_keys_that_cannot_be_read_are_named_by_line_and_not_shown(text: str, said: str) -> None:
    with pytest.raises(BadKeys, match=said) as refused:
        parse_keys(text, "the test")
    assert KEY not in str(refused.value)


def test_keys_come_from_a_file_or_a_variable_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys"
    file.write_text(line("desk", KEY, "bank"))
    monkeypatch.setenv("SOME_KEYS", line("other", KEY))
    assert [(key.key_id, key.tenant) for key in read_keys(file, None)] == [("desk", "bank")]
    assert [(key.key_id, key.tenant) for key in read_keys(None, "SOME_KEYS")] == [("other", None)]
    assert read_keys(None, None) == ()
    for found in ((tmp_path / "none", None), (None, "NO_SUCH_KEYS")):
        with pytest.raises(BadKeys):
            read_keys(*found)


def test_a_key_is_found_by_its_secret_alone() -> None:
    found = find_key(KEYS, TENANT_KEY)
    assert found is not None and found.key_id == "bank"
    assert find_key(KEYS, KEYS[0].sha256) is None
    assert find_key(KEYS, "") is None


def test_without_keys_other_machines_are_not_listened_to() -> None:
    Listening("127.0.0.1", 8080, (), None).require_closed()
    Listening("0.0.0.0", 8080, KEYS, None).require_closed()
    with pytest.raises(OpenToAll, match=r"listen on 0\.0\.0\.0 without API keys"):
        Listening("0.0.0.0", 8080, (), None).require_closed()
