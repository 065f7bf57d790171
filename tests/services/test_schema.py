"""The published OpenAPI document against the running server: requests made up from it, good and bad ones."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from services.search.app import make_app
from tests.services.conftest import KEY, QUICK, Folders, serving
from tests.services.test_api_keys import KEYS, bearer

EXAMPLES = 60
"""Requests of each operation, good and bad ones."""

LENIENT = [negative_data_rejection, positive_data_acceptance]
"""What Dify sends is taken as it comes ("3" for 3), and conditions that fit no filter are refused."""
ANSWERED = ["2xx", "401", "413"]
"""What a good request gets; how many queries times how many documents are too many, no schema can say."""
REFUSED = ["400", "401", "413", "422"]
"""What a bad request gets."""
OPERATIONS = [
    ("POST", "/v1/search"),
    ("POST", "/v1/records"),
    ("POST", "/retrieve"),
    ("POST", "/retrieval"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, instructed: Path) -> Iterator[httpx.Client]:
    """Of an index whose vectors know an instruction: one that does not refuses what the schema allows."""
    folders = Folders(tmp_path_factory.mktemp("versions"))
    folders.promote(folders.add(instructed))
    with serving(make_app(folders, QUICK, KEYS)) as client:
        yield client


@pytest.fixture(scope="module")
def api(server: httpx.Client) -> schemathesis.BaseSchema:
    checks = {
        "positive_data_acceptance": {"expected-statuses": ANSWERED},
        "negative_data_rejection": {"expected-statuses": REFUSED},
    }
    config = SchemathesisConfig.from_dict({"checks": checks})
    return schemathesis.openapi.from_url(
        f"{server.base_url}/openapi.json", config=config, headers=bearer(KEY)
    )


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [(*operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
    + [(*operation, GenerationMode.NEGATIVE) for operation in OPERATIONS if operation[0] == "POST"],
)
def test_the_server_keeps_its_word(
    api: schemathesis.BaseSchema, method: str, path: str, mode: GenerationMode
) -> None:
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=True)
    def holds(case: schemathesis.Case) -> None:
        lenient = path == "/retrieval"
        case.call_and_validate(headers=bearer(KEY), excluded_checks=LENIENT if lenient else [])

    holds()


def test_the_document_names_every_endpoint_and_its_keys(server: httpx.Client) -> None:
    document = server.get("/openapi.json", headers=bearer(KEY)).json()
    assert set(document["paths"]) == {
        "/v1/search",
        "/v1/records",
        "/retrieve",
        "/retrieval",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    assert document["security"] == [{"bearer": []}, {"browser": []}]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert (operation.get("security") == []) == (path in ("/healthz", "/readyz"))
            assert operation["description"]
