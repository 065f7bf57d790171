"""Sentences cover a text and keep their closing quotes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tasks.text.sentences import sentence_spans


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def test_closing_quotes_stay_with_their_sentence() -> None:
    assert _sentences("他说：“涨了。”她走了！？ 下一句；\n 1.5亿元 \n\n（完。）") == [
        "他说：“涨了。”",
        "她走了！？",
        "下一句；",
        "1.5亿元",
        "（完。）",
    ]


@given(st.text(st.sampled_from("涨a。！？；!?”）\n \t1."), max_size=40))
def test_spans_cover_all_that_is_not_white_space_in_order(text: str) -> None:
    spans = sentence_spans(text)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(start < end for start, end in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
