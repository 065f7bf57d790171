"""The whole system as its users meet it: a real stack in a folder of its own, driven by the command line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from tests.conftest import free_port
from tests.system.prefect_api import PrefectApi

ROOT = Path(__file__).parents[2]
FINLOOM = Path(sys.executable).with_name("finloom")
PATIENCE = 600


@dataclass(frozen=True)
class System:
    """A running stack and how to talk to it."""

    home: Path
    environment: dict[str, str]

    def finloom(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a `finloom` command and check its exit code."""
        done = subprocess.run(
            [FINLOOM, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == code, (
            f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
        return done

    def json(self, *arguments: str) -> dict[str, object]:
        """The JSON that a `finloom` command prints."""
        read: dict[str, object] = orjson.loads(self.finloom(*arguments, "--json").stdout)
        return read

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a `finloom` command in a process group of its own, to be killed."""
        return subprocess.Popen(
            [FINLOOM, *arguments],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A stack of its own for all system tests of this run."""
    home = tmp_path_factory.mktemp("finloom-home")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "MINIO_", "FINLOOM_"))
    }
    environment = kept | {
        "FINLOOM_HOME": str(home),
        "FINLOOM_PREFECT_PORT": str(free_port()),
        "FINLOOM_S3_PORT": str(free_port()),
        "COLUMNS": "120",
    }
    running = System(home, environment)
    try:
        running.finloom("up")
        yield running
    finally:
        running.finloom("down")


@pytest.fixture(scope="session")
def prefect(system: System) -> PrefectApi:
    """The Prefect server of the stack."""
    state = orjson.loads((system.home / "stack.json").read_bytes())
    return PrefectApi(state["prefect_api_url"])
