"""A very small model, as the tests of the other training use it."""

from tests.tasks.verl.training import tiny_model

__all__ = ["tiny_model"]
