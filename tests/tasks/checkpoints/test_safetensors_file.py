"""A safetensors file is whole or refused, wherever it was cut."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.checkpoints.safetensors_file import DamagedFile, check_safetensors
from tests.tasks.checkpoints.conftest import safetensors

NAMES = st.text("abc.", min_size=1, max_size=6)


@given(st.dictionaries(NAMES, st.integers(0, 900), max_size=5))
def test_a_whole_file_gives_its_names(
    tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, int]
) -> None:
    path = tmp_path_factory.mktemp("f") / "x.safetensors"
    path.write_bytes(safetensors(tensors))
    assert check_safetensors(path) == set(tensors)


@given(st.data())
def test_any_other_length_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = safetensors({"a": 300, "b": 40})
    path = tmp_path_factory.mktemp("f") / "x.safetensors"
    path.write_bytes(
        (whole + b"more")[: data.draw(st.integers(0, len(whole) + 4).filter(lambda n: n != len(whole)))]
    )
    with pytest.raises(DamagedFile, match=r"x\.safetensors"):
        check_safetensors(path)


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{}x",
        b'{"a": 1}',
        b'{"a": {}}',
        b'{"a": {"data_offsets": [4, 8]}}',
        b'{"a": {"data_offsets": []}}',
    ],
)
def test_a_header_of_another_shape_is_refused(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(DamagedFile):
        check_safetensors(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="is missing"):
        check_safetensors(tmp_path / "gone.safetensors")
