"""The command of the embedded object store: loopback, no telemetry, no secrets where others can read them."""

from pathlib import Path

import pytest

from blocks.home import secret_path
from infra import seaweed

PORTS = {name: 20000 + place for place, name in enumerate(seaweed.default_ports())}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of this test's own."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path))


def test_it_listens_on_loopback_only_and_reports_to_nobody() -> None:
    command = seaweed.program(PORTS).command
    assert {
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-filer.disableHttp=true",
    } <= set(command)
    assert {"-s3.port.iceberg=0", "-s3.port.lance=0"} <= set(command)


def test_every_port_is_named_so_that_none_is_a_default() -> None:
    command = " ".join(seaweed.program(PORTS).command)
    assert all(f"={port}" in command for port in PORTS.values())


def test_two_homes_that_start_together_do_not_try_the_same_inner_ports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = seaweed.default_ports()
    monkeypatch.setenv("FINLOOM_HOME", "/another/home")
    there = seaweed.default_ports()
    assert here.keys() == there.keys()
    assert {*here.values()} & {*there.values()} == {seaweed.S3_PORT}


def test_the_secret_is_generated_once_and_only_in_private_files() -> None:
    program = seaweed.program(PORTS)
    secret = seaweed.settings(PORTS).secret_key.get_secret_value()
    assert len(secret) >= 32
    assert secret not in " ".join([*program.command, *program.environment.values()])
    seaweed.program(PORTS)
    assert seaweed.settings(PORTS).secret_key.get_secret_value() == secret
    for name in ("s3-secret-key", "s3.json"):
        assert secret in secret_path(name).read_text()
        assert secret_path(name).stat().st_mode & 0o777 == 0o600
