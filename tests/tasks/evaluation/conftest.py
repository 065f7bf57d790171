"""The very small model that the tests of checkpoints make, for the tests that examine one."""

from tests.tasks.checkpoints.conftest import run_verl, tiny

__all__ = ["run_verl", "tiny"]
