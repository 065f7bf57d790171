"""An index is the same bytes for the same corpus, and is not made of parts that do not fit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from datasets_registry.records import Document
from tasks.indexing.assemble import MismatchedParts, assemble
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.config import SearchConfig
from tasks.retrieval.index import Index
from tasks.retrieval.manifest import Manifest
from tasks.runtime.parts import encode_rows

CONFIG = IndexConfig()
DOCUMENTS = [
    Document(
        f"d{number}",
        f"第{number}家公司公布年报，净利润增长{number}%。" * 30,
        f"年报{number}",
        None,
        "site",
        {},
    )
    for number in range(9)
]


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("faiss", ["flat", "sq8", "hnsw"])
def test_the_bytes_do_not_depend_on_the_sharding(write_index: Callable[..., Path], faiss: str) -> None:
    config = IndexConfig(search=SearchConfig.model_validate({"faiss": faiss}))
    one, several = write_index(DOCUMENTS, config, 100), write_index(DOCUMENTS, config, 2)
    assert files(one) == files(several)
    assert Manifest.read(one).faiss == faiss


def test_the_manifest_lists_every_file_and_counts_what_is_in_them(write_index: Callable[..., Path]) -> None:
    folder = write_index(DOCUMENTS)
    manifest = Manifest.read(folder)
    assert sorted([*(entry.name for entry in manifest.files), "manifest.json"]) == sorted(files(folder))
    assert manifest.documents == 9
    assert manifest.passages == manifest.undated > 9


def test_further_files_are_written_and_listed(tmp_path: Path) -> None:
    passages = passages_shard([encode_rows(DOCUMENTS).data], CONFIG.passages)["passages"].data
    tokens = tokens_shard([passages], CONFIG.tokens)["tokens"].data
    vectors = vectors_shard([passages], CONFIG.embedding)["vectors"].data
    extra = {"words.txt": "碳".encode()}
    manifest = assemble(tmp_path / "index", [passages], [tokens], [vectors], CONFIG, "0" * 64, extra)
    assert (tmp_path / "index" / "words.txt").read_text() == "碳"
    assert "words.txt" in {entry.name for entry in manifest.files}


def test_how_well_the_dense_index_finds_is_in_the_manifest(write_index: Callable[..., Path]) -> None:
    recalls = {
        kind: Manifest.read(write_index(DOCUMENTS, IndexConfig(search=SearchConfig(faiss=kind)))).dense_recall
        for kind in ("flat", "sq8")
    }
    assert recalls["flat"] == 1
    assert 0.9 <= recalls["sq8"] <= 1


def test_parts_of_different_corpora_are_refused(tmp_path: Path) -> None:
    parts = [
        passages_shard([encode_rows(documents).data], CONFIG.passages)["passages"].data
        for documents in (DOCUMENTS, DOCUMENTS[:3])
    ]
    tokens = tokens_shard([parts[1]], CONFIG.tokens)["tokens"].data
    vectors = vectors_shard([parts[0]], CONFIG.embedding)["vectors"].data
    with pytest.raises(MismatchedParts, match="make all three from the same corpus"):
        assemble(tmp_path / "index", [parts[0]], [tokens], [vectors], CONFIG, "0" * 64)


def test_a_corpus_without_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MismatchedParts, match="no passages"):
        assemble(tmp_path / "index", [encode_rows([]).data], [], [], CONFIG, "0" * 64)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    with pytest.raises(FileExistsError, match="give a new folder"):
        assemble(tmp_path, [], [], [], CONFIG, "0" * 64)


def test_words_of_finance_can_be_boosted_whatever_their_case(build_index: Callable[..., Index]) -> None:
    documents = [Document(f"d{n}", f"第{n}只ETF份额变化。", "", None, "site", {}) for n in range(3)]
    plain = build_index(documents)
    boosted = build_index(documents, IndexConfig(search=SearchConfig(term_boost=1.5)))
    scores = [index.search("ETF", "bm25")[0].score for index in (plain, boosted)]
    assert scores[1] == pytest.approx(1.5 * scores[0])
