"""Vector search is exact when flat, close when 8-bit, and filtered before it ranks."""

from pathlib import Path

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.retrieval.config import SearchConfig
from tasks.retrieval.dense import Dense, decode_vectors, encode_vectors, write_dense

FLAT = SearchConfig(faiss="flat")
SQ8 = SearchConfig(faiss="sq8")


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    rows = np.random.default_rng(7).normal(size=(900, 64))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return decode_vectors(encode_vectors(rows.astype(np.float32))).astype(np.float32)


def shards(vectors: NDArray[np.float32], size: int) -> list[bytes]:
    return [encode_vectors(vectors[start : start + size]) for start in range(0, len(vectors), size)]


def test_flat_search_finds_exactly_what_brute_force_finds(
    tmp_path: Path, vectors: NDArray[np.float32]
) -> None:
    write_dense(tmp_path / "d", shards(vectors, 100), 64, FLAT)
    found = Dense.open(tmp_path / "d").search(vectors[:50], 10)
    expected = np.argsort(-(vectors[:50] @ vectors.T), axis=1)[:, :10]
    assert [rows.tolist() for rows, _ in found] == expected.tolist()


def test_eight_bits_find_nearly_the_same(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    write_dense(tmp_path / "d", shards(vectors, 100), 64, SQ8)
    found = Dense.open(tmp_path / "d").search(vectors[:50], 10)
    expected = np.argsort(-(vectors[:50] @ vectors.T), axis=1)[:, :10]
    shared = [
        len(set(rows.tolist()) & set(best.tolist())) for (rows, _), best in zip(found, expected, strict=True)
    ]
    assert np.mean(shared) > 9.5


def test_eight_bit_codes_are_those_of_training_on_every_row(
    tmp_path: Path, vectors: NDArray[np.float32]
) -> None:
    write_dense(tmp_path / "d", shards(vectors, 100), 64, SQ8)
    whole = faiss.IndexScalarQuantizer(64, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    whole.train(vectors)
    whole.add(vectors)
    assert (tmp_path / "d").read_bytes() == faiss.serialize_index(whole).tobytes()


@pytest.mark.parametrize("config", [FLAT, SQ8])
def test_files_do_not_depend_on_the_sharding(
    tmp_path: Path, vectors: NDArray[np.float32], config: SearchConfig
) -> None:
    for size in (900, 37):
        write_dense(tmp_path / str(size), shards(vectors, size), 64, config)
    assert (tmp_path / "900").read_bytes() == (tmp_path / "37").read_bytes()


def test_the_kind_follows_the_number_of_vectors(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    for limit, kind in ((900, "flat"), (899, "sq8")):
        found = write_dense(tmp_path / kind, shards(vectors, 400), 64, SearchConfig(flat_up_to=limit))
        assert found == (kind, 900)


@pytest.mark.parametrize("config", [FLAT, SQ8])
def test_only_rows_that_the_mask_allows_are_found(
    tmp_path: Path, vectors: NDArray[np.float32], config: SearchConfig
) -> None:
    write_dense(tmp_path / "d", shards(vectors, 100), 64, config)
    mask = np.zeros(900, bool)
    mask[[3, 500, 899]] = True
    rows, scores = Dense.open(tmp_path / "d").search(vectors[:1], 10, mask)[0]
    assert sorted(rows.tolist()) == [3, 500, 899]
    assert len(scores) == 3


def test_a_mask_that_allows_nothing_finds_nothing(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    write_dense(tmp_path / "d", shards(vectors, 100), 64, FLAT)
    assert len(Dense.open(tmp_path / "d").search(vectors[:1], 10, np.zeros(900, bool))[0][0]) == 0


def test_equal_vectors_are_ordered_by_row(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    write_dense(tmp_path / "d", shards(np.repeat(vectors[:1], 8, axis=0), 3), 64, FLAT)
    assert Dense.open(tmp_path / "d").search(vectors[:1], 8)[0][0].tolist() == list(range(8))


def test_vectors_of_another_length_are_refused(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match=r"shape \(100, 64\), the index wants 128"):
        write_dense(tmp_path / "d", shards(vectors, 100), 128, FLAT)
