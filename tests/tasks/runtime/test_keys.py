"""Cache keys depend on what a step makes, not on how, where or by which import it runs."""

import subprocess
import sys

import pytest
from pydantic import BaseModel

from datasets_registry.artifact import ArtifactRef
from tasks.runtime.keys import Identity


class Config(BaseModel):
    threshold: float = 0.5
    labels: tuple[str, ...] = ()


REF = ArtifactRef(kind="raw", sha256="a" * 64, rows=1, bytes=2)
STEP = Identity("clean", "1")


def test_a_default_that_is_spelled_out_is_the_same_key() -> None:
    assert STEP.key({"raw": REF, "config": Config()}) == STEP.key(
        {"raw": REF, "config": Config(threshold=0.5)}
    )


def test_a_new_default_field_keeps_old_keys() -> None:
    class Grown(Config):
        added: int = 3

    assert STEP.key({"config": Config(threshold=0.1)}) == STEP.key({"config": Grown(threshold=0.1)})


def test_the_same_content_counts_by_its_sha_not_by_its_totals() -> None:
    assert STEP.key({"raw": REF}) == STEP.key({"raw": REF.model_copy(update={"rows": 99})})


@pytest.mark.parametrize(
    "other",
    [
        Identity("clean", "2").key({"raw": REF}),
        Identity("other", "1").key({"raw": REF}),
        Identity("clean", "1", ("jieba",)).key({"raw": REF}),
        STEP.key({"raw": REF.model_copy(update={"sha256": "b" * 64})}),
        STEP.key({"raw": REF, "config": Config(threshold=0.1)}),
    ],
)
def test_anything_that_changes_the_result_changes_the_key(other: str) -> None:
    assert other != STEP.key({"raw": REF})


def test_workers_and_device_do_not_enter_the_key() -> None:
    assert STEP.key({"raw": REF, "workers": 1, "device": "cuda"}) == STEP.key({"raw": REF, "workers": 8})


def test_another_process_computes_the_same_key() -> None:
    program = (
        "from tasks.runtime.keys import Identity; from datasets_registry.artifact import ArtifactRef;"
        "from tasks.corpus.config import QualityConfig;"
        "print(Identity('clean','1').key({'raw': ArtifactRef(kind='raw', sha256='a'*64, rows=1, bytes=2),"
        "'quality': QualityConfig(min_characters=7)}))"
    )
    from tasks.corpus.config import QualityConfig

    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == STEP.key({"raw": REF, "quality": QualityConfig(min_characters=7)})


def test_a_handle_cannot_be_part_of_a_key() -> None:
    with pytest.raises(TypeError, match="a step takes ArtifactRefs"):
        STEP.key({"store": object()})
