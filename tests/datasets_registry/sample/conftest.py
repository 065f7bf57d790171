"""The full sample, generated once for all tests of it."""

import pytest

from datasets_registry.sample.generate import generate
from tests.datasets_registry.sample.reading import Sample, read_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample with its default seed and size."""
    folder = tmp_path_factory.mktemp("sample")
    generate(folder)
    return read_sample(folder)
