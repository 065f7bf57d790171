"""Rows come back from bytes as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from datasets_registry.records import Decision, Question
from tasks.runtime.parts import decode_as, decode_rows, encode_rows

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8"), max_size=50),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.lists(
        st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=9), json_values, max_size=4),
        max_size=9,
    )
)
def test_any_rows_come_back(rows: list[dict[str, object]]) -> None:
    part = encode_rows(rows)
    assert part.rows == len(rows)
    assert list(decode_rows(part.data)) == rows


def test_records_come_back_as_records() -> None:
    questions = [Question("q1", "营业收入多少？", ("d1", "d2"), as_of="2025-01-01"), Question("q2", "？", ())]
    assert list(decode_as(encode_rows(questions).data, Question)) == questions


def test_a_row_of_another_shape_is_refused() -> None:
    with pytest.raises(ValidationError):
        list(decode_as(encode_rows([{"decision": "lost"}]).data, Decision))
