"""An index of vectors that were made elsewhere: read once, given to passages, asked by what made them or not at all."""

from pathlib import Path

import orjson
import pytest

from blocks.store import ArtifactStore, local_copy
from datasets_registry.artifact import ArtifactRef
from flows.build_corpus import build_corpus
from flows.build_index import build_index
from tasks.embedding.given import BadVectors
from tasks.embedding.tasks import ingest_vectors
from tasks.indexing.config import EmbeddingConfig, PassageConfig
from tasks.retrieval.config import TASK, GivenEmbedding, UrlEmbedding
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.index import Index, Unanswerable
from tests.fakes.embedding_server import Behaviour, embedding_server

SUBJECTS = ["工资", "碳配额", "存款利率", "国债", "养老金", "增值税", "股东大会", "贷款"]
TEXTS = {
    f"d{number}": "".join(
        f"{subject}第{number * 31 + line}条规定{subject}的缴存比例为{number + line}%，由人民银行和财政部门监督执行。"
        for line in range(12)
    )
    for number, subject in enumerate(SUBJECTS)
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def corpus(prefect_store: ArtifactStore, home: Path) -> ArtifactRef:
    path = home / "corpus.jsonl"
    rows = [{"id": name, "contents": text, "metadata": {"title": text[:8]}} for name, text in TEXTS.items()]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return build_corpus(str(path))


def vectors(folder: Path, names: list[str], factor: float = 5.0) -> Path:
    """The vectors of documents by hashing, of another length than one, with a line that is none."""
    rows = factor * HashEmbedder(64).embed([TEXTS[name] for name in names])
    path = folder / "all_data_clean_embedding.jsonl"
    lines = [
        orjson.dumps({"id": name, "contents": "文", "embedding": row.tolist()})
        for name, row in zip(names, rows, strict=True)
    ]
    path.write_bytes(b"\n".join([b"nonsense", *reversed(lines)]))
    return path


def by(file: Path | str, url: UrlEmbedding | None = None) -> EmbeddingConfig:
    return EmbeddingConfig(kind="file", file=str(file), url=url)


def opened(store: ArtifactStore, ref: ArtifactRef) -> Index:
    return Index.open(local_copy(store, ref), intact=True)


def test_passages_have_the_vectors_of_their_documents_and_queries_those_of_the_server(
    corpus: ArtifactRef, home: Path, prefect_store: ArtifactStore
) -> None:
    file, behaviour = vectors(home, list(TEXTS)), Behaviour(dimensions=64)
    with embedding_server(behaviour) as url:
        server = UrlEmbedding(model="Qwen/Qwen3-Embedding-0.6B", dimensions=64, url=url)
        made = build_index(corpus=corpus.sha256, embedding=by(file, server))
        index = opened(prefect_store, made)
        assert isinstance(index.manifest.embedding, GivenEmbedding)
        assert index.manifest.passages > len(TEXTS)
        behaviour.asked.clear()
        hits = index.search(TEXTS["d3"], "dense", top_k=8)
        assert behaviour.asked == [[f"Instruct: {TASK}\nQuery:{TEXTS['d3']}"]]
        assert hits[0].document == "d3"
        assert len({hit.document for hit in hits}) == 8
        stored = index.manifest.embedding.vectors_sha256
        file.unlink()
        assert build_index(corpus=corpus.sha256, embedding=by(stored, server)) == made


def test_without_an_embedder_only_words_are_searched(
    corpus: ArtifactRef, home: Path, prefect_store: ArtifactStore
) -> None:
    index = opened(prefect_store, build_index(corpus=corpus.sha256, embedding=by(vectors(home, list(TEXTS)))))
    assert index.methods == ("bm25",)
    assert index.search("国债", "bm25", top_k=1)[0].document == "d3"
    for method in ("dense", "hybrid"):
        with pytest.raises(
            Unanswerable, match="without anything that embeds a query; search with method bm25"
        ):
            index.search("国债", method)


def test_a_document_without_a_vector_is_an_error(corpus: ArtifactRef, home: Path) -> None:
    file = vectors(home, list(TEXTS)[:-2])
    with pytest.raises(
        BadVectors, match=r"2 of 8 documents .* such as 'd6', 'd7'; 6 of 7 lines .*1 invalid_json"
    ):
        build_index(corpus=corpus.sha256, embedding=by(file))


def test_vectors_of_another_length_than_those_of_queries_are_refused(corpus: ArtifactRef, home: Path) -> None:
    server = UrlEmbedding(model="m", dimensions=128, url="http://127.0.0.1:9/v1")
    with pytest.raises(BadVectors, match="have 64 dimensions, model m gives 128"):
        build_index(corpus=corpus.sha256, embedding=by(vectors(home, list(TEXTS)), server))


def test_equal_files_are_stored_once_and_length_does_not_matter(
    prefect_store: ArtifactStore, home: Path
) -> None:
    first = ingest_vectors(str(vectors(home, list(TEXTS))))
    assert ingest_vectors(str(vectors(home, list(TEXTS), factor=10.0))) == first
    counts = (
        prefect_store.tree(first).part("vectors")[0].rows,
        prefect_store.tree(first).part("quarantined")[0].rows,
    )
    assert counts == (8, 1)


def test_another_cut_of_the_corpus_takes_the_same_vectors(
    corpus: ArtifactRef, home: Path, prefect_store: ArtifactStore
) -> None:
    file = vectors(home, list(TEXTS))
    short = PassageConfig(target_characters=60, min_characters=20)
    index = opened(prefect_store, build_index(corpus=corpus.sha256, passages=short, embedding=by(file)))
    of = index.passages.documents.tolist()
    kept = index._dense.vectors(range(len(of)))
    wanted = dict(zip(TEXTS, HashEmbedder(64).embed(list(TEXTS.values())), strict=True))
    names = index.passages.document_ids()
    assert len(of) > 3 * len(TEXTS)
    for place, document in enumerate(of):
        assert float(kept[place] @ wanted[names[document]]) > 0.999
