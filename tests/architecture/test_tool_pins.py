"""The tools' pins say the same wherever they stand: pyproject.toml, infra/tools/NAME/*.in and *.txt."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from infra.doctor import SAFE_VERSIONS
from infra.tool_environments import read_recipe
from tasks.runtime.tools import REQUIREMENTS, read_pins, tool_names

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
INPUTS = sorted(REQUIREMENTS.glob("*/*.in"))
LOCKS = sorted(path.with_suffix(".txt") for path in INPUTS)


def label(path: Path) -> str:
    return path.relative_to(REQUIREMENTS).as_posix()


def requirements(path: Path) -> Iterator[Requirement]:
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            yield Requirement(line)


@pytest.mark.parametrize("name", tool_names())
def test_an_extra_is_what_its_tool_installs(name: str) -> None:
    """pip users get what `finloom tools install` gives on a GPU, or on the CPU where that is the same."""
    inputs = REQUIREMENTS / name / "gpu.in"
    wanted = {str(one) for one in requirements(inputs if inputs.exists() else inputs.with_name("cpu.in"))}
    # torch is pinned for the lock file's sake; which one an extra brings is its tool's own affair.
    assert {str(Requirement(line)) for line in EXTRAS.get(name, [])} == {
        one for one in wanted if not one.startswith("torch==")
    }


@pytest.mark.parametrize("path", INPUTS, ids=label)
def test_every_pin_is_exact_and_in_the_lock_file(path: Path) -> None:
    locked = read_pins(path.with_suffix(".txt"))
    for one in requirements(path):
        assert str(one.specifier) == f"=={locked[canonicalize_name(one.name)]}"


@pytest.mark.parametrize("path", LOCKS, ids=label)
def test_a_lock_file_names_versions_and_no_places(path: Path) -> None:
    text = path.read_text()
    assert read_pins(path)
    assert "://" not in text and " @ " not in text and "--index" not in text and "--find-links" not in text


@pytest.mark.parametrize("path", [path for path in LOCKS if path.stem == "cpu"], ids=label)
def test_a_cpu_lock_holds_for_every_build_of_torch_and_asks_for_no_cuda(path: Path) -> None:
    assert "--hash" not in path.read_text()
    assert [
        name for name, version in read_pins(path).items() if name.startswith("nvidia") or "+" in version
    ] == []


@pytest.mark.parametrize("path", [path for path in LOCKS if path.stem == "gpu"], ids=label)
def test_a_gpu_lock_has_a_checksum_for_every_package(path: Path) -> None:
    lines = path.read_text().splitlines()
    pinned = [line for line in lines if line[:1].isalnum()]
    assert pinned and all(line.endswith("\\") for line in pinned)


@pytest.mark.parametrize("path", LOCKS, ids=label)
def test_no_lock_file_has_a_release_with_known_holes(path: Path) -> None:
    pins = read_pins(path)
    assert "litellm" not in pins
    assert all(Version(pins[name]) in safe for name, safe in SAFE_VERSIONS.items() if name in pins)


@pytest.mark.parametrize("name", tool_names())
def test_a_recipe_has_a_size_for_every_lock_file_and_only_known_packages(name: str) -> None:
    recipe = read_recipe(name)
    locks = {path.stem: read_pins(path) for path in LOCKS if path.parent.name == name}
    assert set(recipe.gib) == set(locks)
    assert set(recipe.sources) <= {package for pins in locks.values() for package in pins}
