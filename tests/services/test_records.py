"""Records are looked up over HTTP under the rules of a search: keys, tenants, as-of, one version an answer."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from datasets_registry.records import Document
from finloom.ask_server import KEY as KEY_VARIABLE
from finloom.ask_server import ask_for_records
from finloom.output import WrongUse
from services.search.app import make_app
from services.search.config import ServiceConfig
from tests.services.conftest import KEY, QUICK, TENANT_KEY, Folders, documents, serving
from tests.services.test_api_keys import KEYS, bearer
from tests.tasks.conftest import WriteIndex

RECORDS = [
    Document(
        f"q{day}-{tenant}",
        f"股票代码 600519 交易日期 2024-01-{day:02}",
        "",
        f"2024-01-{day:02}",
        "quotes",
        {
            "record": {"股票代码": "600519", "收盘价": day},
            "tenant": tenant,
            "input_file": "q",
            "input_line": day,
        },
    )
    for day in range(1, 6)
    for tenant in ("", "bank-a", "bank-b")
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, write_index: WriteIndex) -> Iterator[httpx.Client]:
    folders = Folders(tmp_path_factory.mktemp("versions"))
    folders.promote(folders.add(write_index(documents(), records=RECORDS)))
    with serving(make_app(folders, QUICK, KEYS)) as client:
        yield client


def ids(client: httpx.Client, key: str, **body: object) -> list[str]:
    answer = client.post("/v1/records", json=body, headers=bearer(key))
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Finloom-Index"] == answer.json()["index"]
    return [row["id"] for row in answer.json()["records"]]


def test_rows_come_latest_first_with_their_fields_and_lines(client: httpx.Client) -> None:
    answer = client.post("/v1/records", json={"code": "SH600519", "limit": 1}, headers=bearer(KEY)).json()
    (row,) = answer["records"]
    assert (row["id"], row["date"], row["file"], row["line"]) == ("q5-", "2024-01-05", "q", 5)
    assert row["fields"] == {"股票代码": "600519", "收盘价": 5}
    assert "tenant" not in row


def test_what_is_seen_is_decided_by_key_and_day(client: httpx.Client) -> None:
    own = [f"q{day}-" for day in range(5, 0, -1)]
    assert ids(client, KEY, code="600519") == own
    theirs = ids(client, TENANT_KEY, code="600519", first="2024-01-02", last="2024-01-02")
    assert theirs == ["q2-", "q2-bank-a"]
    assert ids(client, KEY, code="600519", as_of="2024-01-02") == ["q2-", "q1-"]
    assert ids(client, KEY, code="600519", sources=["news"]) == []
    assert (
        client.post(
            "/v1/records", json={"code": "600519", "tenant": "bank-b"}, headers=bearer(KEY)
        ).status_code
        == 422
    )
    assert client.post("/v1/records", json={"code": "600519"}).status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"code": ""}, {"first": None}, {"code": "1", "limit": 0}, {"last": "20240101"}, {"name": 5}]
)
def test_a_lookup_that_makes_no_sense_is_refused_in_words(
    client: httpx.Client, body: dict[str, object]
) -> None:
    answer = client.post("/v1/records", json=body, headers=bearer(KEY))
    assert answer.status_code == 422
    assert answer.json()["message"]


def test_the_command_line_asks_a_server(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    index, rows = ask_for_records(str(client.base_url), {"code": "600519", "first": "2024-01-05"})
    assert (len(index), [row["id"] for row in rows]) == (64, ["q5-"])
    with pytest.raises(WrongUse, match="says: "):
        ask_for_records(str(client.base_url), {})


def test_what_was_looked_up_is_in_the_log_unless_it_is_not_wanted(
    tmp_path: Path, write_index: WriteIndex
) -> None:
    folder = write_index(documents(), records=RECORDS)
    for log_queries, written in ((True, "600519"), (False, 1)):
        out = io.BytesIO()
        source = Folders(tmp_path / str(log_queries))
        source.root.mkdir()
        source.promote(source.add(folder))
        config = ServiceConfig(poll_seconds=0.02, log_queries=log_queries)
        with serving(make_app(source, config, log=out)) as client:
            assert client.post("/v1/records", json={"code": "600519", "limit": 1}).status_code == 200
        (line,) = [
            row for row in map(orjson.loads, out.getvalue().splitlines()) if row["path"] == "/v1/records"
        ]
        asked = line["queries"]
        assert (asked if isinstance(asked, int) else asked[0]["code"]) == written
        assert line["ids"] == [["q5-"]]
