"""The doctor: names what is missing and what to do, and asks nothing of a stack that is only stopped."""

from pathlib import Path

import pytest

from infra.doctor import Check, checks, installed


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home in which nothing ever ran."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "not" / "there"))
    for name in ("MINIO_ENDPOINT", "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)


def by_name() -> dict[str, Check]:
    return {check.name: check for check in checks()}


def test_everything_that_is_not_good_says_what_to_do() -> None:
    assert all(check.fix for check in checks() if not check.good)


def test_required_things_come_first() -> None:
    required = [check.required for check in checks()]
    assert required == sorted(required, reverse=True)


def test_this_environment_has_the_declared_packages_and_enough_python() -> None:
    found = by_name()
    assert found["python"].good
    assert found["packages"].good


def test_a_stack_that_never_ran_is_no_fault() -> None:
    prefect = by_name()["Prefect server"]
    assert not prefect.good
    assert not prefect.required


def test_a_store_without_keys_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIO_ENDPOINT", "http://127.0.0.1:1")
    check = by_name()["object store program"]
    assert check.required
    assert not check.good
    assert "MINIO_ROOT_USER" in check.wanted


def test_a_package_that_is_not_there_has_no_version() -> None:
    assert installed("no-such-package-of-ours") == ""
