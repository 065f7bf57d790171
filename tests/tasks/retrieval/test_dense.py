"""Vector search is exact when flat, close when 8-bit or by a graph, and filtered before it ranks."""

from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.retrieval.config import SearchConfig
from tasks.retrieval.dense import COLUMNS, FILE, Dense, decode_vectors, encode_vectors
from tasks.retrieval.dense_build import PoorRecall, dense_kind, write_dense

FLAT = SearchConfig(faiss="flat")
SQ8 = SearchConfig(faiss="sq8")
HNSW = SearchConfig(faiss="hnsw", ef_search=64)
KINDS = [(FLAT, False), (FLAT, True), (SQ8, False), (HNSW, False)]
"""Each way to search: whether there is a copy by columns follows from the kind and from the queries."""


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    rows = np.random.default_rng(7).normal(size=(900, 64))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return decode_vectors(encode_vectors(rows.astype(np.float32))).astype(np.float32)


def shards(vectors: NDArray[np.float32], size: int) -> list[bytes]:
    return [encode_vectors(vectors[start : start + size]) for start in range(0, len(vectors), size)]


def build(
    folder: Path, vectors: NDArray[np.float32], config: SearchConfig, by_columns: bool = False
) -> Dense:
    folder.mkdir(exist_ok=True)
    write_dense(folder, shards(vectors, 100), vectors.shape[1], config, by_columns)
    return Dense.open(folder)


def sparse(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Queries that are zero but for every seventh dimension."""
    return np.where(np.arange(vectors.shape[1]) % 7 == 0, vectors, 0).astype(np.float32)


@pytest.mark.parametrize("by_columns", [False, True])
def test_flat_search_finds_exactly_what_brute_force_finds(
    tmp_path: Path, vectors: NDArray[np.float32], by_columns: bool
) -> None:
    dense = build(tmp_path, vectors, FLAT, by_columns)
    for queries in (vectors[:50], sparse(vectors[:50])):
        expected = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
        assert [rows.tolist() for rows, _ in dense.search(queries, 10)] == expected.tolist()


@pytest.mark.parametrize("config", [SQ8, HNSW])
def test_codes_and_graphs_find_nearly_the_same(
    tmp_path: Path, vectors: NDArray[np.float32], config: SearchConfig
) -> None:
    found = build(tmp_path, vectors, config).search(vectors[:50], 10)
    expected = np.argsort(-(vectors[:50] @ vectors.T), axis=1)[:, :10]
    shared = [
        len(set(rows.tolist()) & set(best.tolist())) for (rows, _), best in zip(found, expected, strict=True)
    ]
    assert np.mean(shared) > 9.5


@pytest.mark.parametrize("config", [FLAT, SQ8])
def test_columns_give_the_scores_that_faiss_gives(
    tmp_path: Path, vectors: NDArray[np.float32], config: SearchConfig
) -> None:
    mask = np.arange(900) % 3 > 0
    columns = build(tmp_path / "columns", vectors, config, by_columns=True)
    rows = Dense(faiss.read_index(str(tmp_path / "columns" / FILE)), None)
    for queries in (vectors[:20], sparse(vectors[:20]), np.eye(64, dtype=np.float32)[:3], -vectors[:3]):
        for seen in (None, mask):
            pairs = zip(rows.search(queries, 900, seen), columns.search(queries, 900, seen), strict=True)
            for (expected_rows, expected), (found_rows, found) in pairs:
                assert np.allclose(found, expected, atol=1e-6)
                by_row = dict(zip(found_rows.tolist(), found.tolist(), strict=True))
                assert by_row == pytest.approx(
                    dict(zip(expected_rows.tolist(), expected.tolist(), strict=True)), abs=1e-6
                )


def test_eight_bit_codes_are_those_of_training_on_every_row(
    tmp_path: Path, vectors: NDArray[np.float32]
) -> None:
    build(tmp_path, vectors, SQ8)
    whole = faiss.IndexScalarQuantizer(64, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    whole.train(vectors)
    whole.add(vectors)
    assert (tmp_path / FILE).read_bytes() == faiss.serialize_index(whole).tobytes()


@pytest.mark.parametrize(("config", "by_columns"), KINDS)
def test_files_do_not_depend_on_the_sharding(
    tmp_path: Path, vectors: NDArray[np.float32], config: SearchConfig, by_columns: bool
) -> None:
    for size in (900, 37):
        (tmp_path / str(size)).mkdir()
        write_dense(tmp_path / str(size), shards(vectors, size), 64, config, by_columns)
    written = [
        {file.name: file.read_bytes() for file in (tmp_path / size).iterdir()} for size in ("900", "37")
    ]
    assert written[0] == written[1]
    assert (COLUMNS in written[0]) == (by_columns or config is SQ8)


def test_a_graph_is_the_same_bytes_whatever_threads_there_are(
    tmp_path: Path, vectors: NDArray[np.float32]
) -> None:
    before = faiss.omp_get_max_threads()
    try:
        for threads in (1, 4):
            faiss.omp_set_num_threads(threads)
            build(tmp_path / str(threads), vectors, HNSW)
            assert faiss.omp_get_max_threads() == threads
    finally:
        faiss.omp_set_num_threads(before)
    assert (tmp_path / "1" / FILE).read_bytes() == (tmp_path / "4" / FILE).read_bytes()


@pytest.mark.parametrize(
    ("count", "settings", "sparse_queries", "kind"),
    [
        (20_000, {}, False, "flat"),
        (20_001, {}, False, "sq8"),
        (249_999, {}, False, "sq8"),
        (250_000, {}, False, "hnsw"),
        (250_000, {}, True, "sq8"),
        (1000, {"dense_megabytes": 1}, False, "sq8"),
        (250_000, {"dense_megabytes": 100}, False, "sq8"),
        (1, {"faiss": "hnsw"}, True, "hnsw"),
    ],
)
def test_the_kind_follows_number_memory_and_queries(
    count: int, settings: dict[str, object], sparse_queries: bool, kind: str
) -> None:
    assert dense_kind(count, 512, SearchConfig.model_validate(settings), sparse_queries) == kind


@pytest.mark.parametrize(("config", "by_columns"), KINDS)
@pytest.mark.parametrize("allowed", [[3, 500, 899], list(range(0, 900, 2)), list(range(899)), []])
def test_only_rows_that_the_mask_allows_are_found_and_all_of_those(
    tmp_path: Path, vectors: NDArray[np.float32], config: SearchConfig, by_columns: bool, allowed: list[int]
) -> None:
    mask = np.zeros(900, bool)
    mask[allowed] = True
    dense = build(tmp_path, vectors, config, by_columns)
    rows, scores = dense.search(vectors[:1], 900, mask)[0]
    assert sorted(rows.tolist()) == allowed
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    exact = sorted(allowed, key=lambda row: -float(vectors[0] @ vectors[row]))[:10]
    assert len(set(dense.search(vectors[:1], 10, mask)[0][0].tolist()) & set(exact)) >= len(exact) - 1


def test_a_graph_under_a_mask_finds_as_well_as_without(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    dense, rng = build(tmp_path, vectors, HNSW), np.random.default_rng(1)
    shared = []
    for share in (0.02, 0.15, 0.25, 0.5, 0.9):
        mask = rng.random(900) < share
        for query in vectors[:30]:
            exact = np.argsort(np.where(mask, -(vectors @ query), np.inf))[: min(10, mask.sum())]
            found = dense.search(query[np.newaxis], 10, mask)[0][0]
            assert mask[found].all()
            shared.append(len(set(found.tolist()) & set(exact.tolist())) / len(exact))
    assert np.mean(shared) > 0.95


@pytest.mark.parametrize(("config", "by_columns"), [kind for kind in KINDS if kind[0] is not HNSW])
def test_equal_vectors_are_ordered_by_row(
    tmp_path: Path, vectors: NDArray[np.float32], config: SearchConfig, by_columns: bool
) -> None:
    dense = build(tmp_path, np.repeat(vectors[:1], 8, axis=0), config, by_columns)
    assert dense.search(vectors[:1], 8)[0][0].tolist() == list(range(8))


def test_vectors_of_another_length_are_refused(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match=r"shape \(100, 64\), the index wants 128"):
        write_dense(tmp_path, shards(vectors, 100), 128, FLAT)


def test_what_the_codec_costs_is_measured_and_a_poor_index_is_not_built(
    tmp_path: Path, vectors: NDArray[np.float32]
) -> None:
    assert write_dense(tmp_path, shards(vectors, 100), 64, FLAT).recall == 1
    assert 0.95 < write_dense(tmp_path, shards(vectors, 100), 64, SQ8).recall < 1
    # one outlier a dimension leaves two levels of 255 to all others, and their codes say nothing
    wild = np.vstack([vectors, np.eye(64, dtype=np.float32) * 1000, -np.eye(64, dtype=np.float32) * 1000])
    (tmp_path / "wild").mkdir()
    with pytest.raises(
        PoorRecall, match=r"the sq8 index finds 0\.\d+ of the 10 nearest vectors, wanted 0\.9"
    ):
        write_dense(tmp_path / "wild", shards(wild, 100), 64, SQ8)
    assert list((tmp_path / "wild").iterdir()) == []


@given(st.integers(1, 12), st.integers(0, 3))
def test_recall_of_few_or_equal_vectors_is_whole(
    tmp_path_factory: pytest.TempPathFactory, count: int, distinct: int
) -> None:
    rows = np.eye(4, dtype=np.float32)[np.arange(count) % (distinct + 1)]
    assert write_dense(tmp_path_factory.mktemp("few"), [encode_vectors(rows)], 4, SQ8).recall == 1


def test_columns_of_another_index_are_refused(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    build(tmp_path / "one", vectors, SQ8)
    build(tmp_path / "other", vectors[:800], SQ8)
    assert Dense.open(tmp_path / "one").size == 900
    (tmp_path / "one" / COLUMNS).write_bytes((tmp_path / "other" / COLUMNS).read_bytes())
    with pytest.raises(ValueError, match=r"has shape \(64, 800\), its index 64 dimensions of 900 rows"):
        Dense.open(tmp_path / "one")
