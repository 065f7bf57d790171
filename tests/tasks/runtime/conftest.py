"""A fake tool for the tests of how programs run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks.runtime import tools
from tests.fakes.tool import install_fake_tool

Install = Callable[..., None]


@pytest.fixture
def fake_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs scripts, given as `name=source`, in the tool environment `fake`."""
    monkeypatch.setattr(tools, "REQUIREMENTS", tools.REQUIREMENTS)
    monkeypatch.setenv("FINLOOM_TOOLS", "")
    yield lambda **scripts: install_fake_tool(tmp_path, scripts)
