"""The digest of what is provisioned: changes when that would change, and only then."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.home import Stack
from blocks.s3 import S3Settings
from infra.fingerprint import fingerprint

STACK = Stack(
    s3_endpoint="http://s3", s3_embedded=True, prefect_api_url="http://p/api", prefect_embedded=True
)
SETTINGS = S3Settings(endpoint="http://s3", access_key="finloom", secret_key=SecretStr("one"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one flow and its deployment."""
    for name in (
        "prefect.yaml",
        "flows/build_corpus.py",
        "tasks/corpus/config.py",
        "tasks/corpus/cleaning.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_the_same_checkout_and_settings_have_the_same_digest(checkout: Path) -> None:
    assert fingerprint(STACK, SETTINGS, checkout) == fingerprint(STACK, SETTINGS, checkout)


@pytest.mark.parametrize("name", ["prefect.yaml", "flows/build_corpus.py", "tasks/corpus/config.py"])
def test_a_change_that_the_server_would_show_changes_it(checkout: Path, name: str) -> None:
    before = fingerprint(STACK, SETTINGS, checkout)
    (checkout / name).write_text("changed")
    assert fingerprint(STACK, SETTINGS, checkout) != before


def test_a_change_inside_an_algorithm_does_not(checkout: Path) -> None:
    before = fingerprint(STACK, SETTINGS, checkout)
    (checkout / "tasks/corpus/cleaning.py").write_text("changed")
    assert fingerprint(STACK, SETTINGS, checkout) == before


def test_new_keys_or_addresses_change_it_and_the_key_is_not_in_it(checkout: Path) -> None:
    before = fingerprint(STACK, SETTINGS, checkout)
    assert before != fingerprint(
        STACK, SETTINGS.model_copy(update={"secret_key": SecretStr("two")}), checkout
    )
    assert before != fingerprint(
        STACK.model_copy(update={"prefect_api_url": "http://q/api"}), SETTINGS, checkout
    )
