"""The defaults are those of a GPU; what cannot be meant is refused."""

import pytest
from pydantic import ValidationError

from tasks.release.config import ReleaseConfig, ServingConfig, StressConfig


def test_the_defaults_are_the_issues() -> None:
    release = ReleaseConfig()
    assert release.stress.parallel == (1, 10, 50, 100, 200)
    assert release.stress.number == (10, 20, 100, 200, 400)
    assert release.serving.gpu_memory_utilization == 0.7
    assert release.serving.device == "cuda"
    assert release.engines == ("llama", "vllm")


@pytest.mark.parametrize(
    "levels", [{"parallel": (1,)}, {"parallel": (), "number": ()}, {"parallel": (0,), "number": (1,)}]
)
def test_levels_that_do_not_match_are_refused(levels: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(ValidationError):
        StressConfig.model_validate(levels)


def test_shares_must_be_positive() -> None:
    with pytest.raises(ValidationError, match="wanted shares of which one is above 0"):
        ServingConfig(tensor_split=(0, 0))
