"""Searching an index of a model says in one sentence what is missing, and still finds by words."""

from pathlib import Path
from typing import Literal

import pytest
import typer

from blocks.history import promote
from blocks.store import ArtifactStore
from finloom.output import WrongUse
from finloom.search import find, in_force
from tasks.retrieval.index import Index
from tasks.runtime.encoder import Encoder
from tests.tasks.retrieval.test_embedder import write


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """An index whose model would run in an environment that is not installed."""
    monkeypatch.setenv("FINLOOM_TOOLS", str(tmp_path / "no-tools"))
    return Index.open(write(tmp_path / "index"), open_model=lambda sha256, tokens: Encoder(tmp_path, tokens))


def test_without_the_swift_environment_it_says_how_to_get_it(
    index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        find(index, "利率", "hybrid", 5, None, None)
    said = capsys.readouterr().err
    assert "the swift environment is not installed" in said
    assert "run `finloom tools install swift`" in said
    assert "--method bm25" in said
    assert said.count("\n") == 1


def test_words_need_no_model(index: Index) -> None:
    assert find(index, "利率", "bm25", 5, None, None)[0].document == "d2"


def test_a_bad_date_is_wrong_use(index: Index) -> None:
    with pytest.raises(WrongUse, match="wanted a date"):
        find(index, "利率", "bm25", 5, None, "tomorrow")


@pytest.mark.parametrize("kind", ["corpus", "index"])
def test_a_name_that_holds_nothing_is_wrong_use(
    kind: Literal["corpus", "index"], store: ArtifactStore
) -> None:
    with pytest.raises(WrongUse, match=f"no {kind} is published under 'days'.* `finloom run build-{kind}`"):
        in_force(store, kind, "days")
    ref = store.publish(kind, [store.add_file("a", b"a")])
    promote(store, kind, "days", ref, {})
    assert in_force(store, kind, "days") == ref
