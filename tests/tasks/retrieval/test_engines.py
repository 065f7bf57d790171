"""The engine that counts words is the one that was asked for, or the best that is installed."""

from pathlib import Path

import pytest

from tasks.retrieval.config import SearchConfig
from tasks.retrieval.engines import open_sparse, settled, write_sparse
from tasks.retrieval.lucene import is_installed

PASSAGES = [["碳", "配额"], ["银行", "利率"], ["碳", "价格"]]


def test_an_engine_that_is_named_stays() -> None:
    search = SearchConfig(engine="lucene")
    assert settled(search) is search


def test_auto_is_bm25s_where_lucene_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINLOOM_TOOLS", str(tmp_path))
    assert settled(SearchConfig(k1=1.2)) == SearchConfig(k1=1.2, engine="bm25s")


def test_auto_is_lucene_where_it_is_installed() -> None:
    if not is_installed():
        pytest.skip("the lucene environment is not installed: run `finloom tools install lucene`")
    assert settled(SearchConfig()).engine == "lucene"


@pytest.mark.parametrize("engine", ["auto", "bm25s"])
def test_what_is_written_is_opened_by_the_engine_that_was_told(tmp_path: Path, engine: str) -> None:
    search = SearchConfig.model_validate({"engine": engine})
    assert write_sparse(tmp_path, iter(PASSAGES), search, ()) == ("bm25s", 3)
    opened = open_sparse("bm25s", tmp_path)
    assert opened.size == 3
    assert opened.search(["碳"], 5)[0].tolist() == [0, 2]
    opened.close()
