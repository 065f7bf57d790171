"""Planted copies: each kind differs from its original as it says, and states the same facts."""

import re
import unicodedata
from datetime import date, timedelta

import pytest

from tests.datasets_registry.sample.reading import Sample

EDITED = ("edited_1", "edited_2", "edited_5", "edited_10")


def test_exact_copies_come_later_from_another_source(sample: Sample) -> None:
    for id in sample.of_kind("exact_copy"):
        copy, original = sample.rows[id], sample.rows[sample.truth[id]["of"]]
        assert copy["text"] == original["text"]
        assert copy["source"] != original["source"]
        days = date.fromisoformat(copy["published"]) - date.fromisoformat(original["published"])
        assert timedelta(days=1) <= days <= timedelta(days=5)


def test_normalised_copies_have_the_same_letters_only(sample: Sample) -> None:
    for id in sample.of_kind("normalised_copy"):
        copy, original = sample.texts[id], sample.texts[sample.truth[id]["of"]]
        assert copy != original
        assert _letters(copy) == _letters(original)


@pytest.mark.parametrize("kind", EDITED)
def test_edits_leave_every_number_as_it_was(sample: Sample, kind: str) -> None:
    for id in sample.of_kind(kind):
        copy, original = sample.texts[id], sample.texts[sample.truth[id]["of"]]
        assert copy != original
        assert re.findall(r"[\d.,]+[亿万年月日%元]?", copy) == re.findall(
            r"[\d.,]+[亿万年月日%元]?", original
        )


@pytest.mark.parametrize("percentage", [90, 70, 50])
def test_truncated_copies_are_beginnings_of_about_that_length(sample: Sample, percentage: int) -> None:
    for id in sample.of_kind(f"truncated_{percentage}"):
        copy, original = sample.texts[id], sample.texts[sample.truth[id]["of"]]
        assert original.startswith(copy)
        assert abs(len(copy) / len(original) - percentage / 100) < 0.12


@pytest.mark.parametrize("kind", ["wrapped_copy", "embedded_copy"])
def test_wrapped_and_embedded_copies_hold_the_whole_original(sample: Sample, kind: str) -> None:
    for id in sample.of_kind(kind):
        original = sample.texts[sample.truth[id]["of"]]
        assert original in sample.texts[id]
        assert len(sample.texts[id]) > len(original) + 60


def test_same_heads_agree_in_500_normalised_letters_and_then_part(sample: Sample) -> None:
    pairs = [(id, sample.truth[id]["of"]) for id in sample.of_kind("same_head") if sample.truth[id]["of"]]
    assert len(pairs) == 12
    for one, two in pairs:
        first, second = _letters(sample.texts[one]), _letters(sample.texts[two])
        assert first[:500] == second[:500]
        assert first[700:] != second[700:]
        assert min(len(first), len(second)) > 1400


def test_amount_twins_differ_in_one_amount_ten_times_the_other(sample: Sample) -> None:
    for id in sample.of_kind("amount_twin"):
        if twin := sample.truth[id]["of"]:
            large, small = sample.truth[id]["detail"], sample.truth[twin]["detail"]
            assert sample.texts[id] == sample.texts[twin].replace(small, large)
            assert float(large[:-2]) == pytest.approx(10 * float(small[:-2]))


def test_crawl_noise_brings_every_sort_of_furniture(sample: Sample) -> None:
    texts = [sample.texts[id] for id in sample.of_kind("crawl_noise")]
    marks = (
        "设为首页 加入收藏 联系我们 京ICP备 京公网安备 模拟炒股 开户佣金万 QQ群 免费诊股 微牛证券 &nbsp; <p"
    )
    for mark in marks.split():
        assert any(mark in text for text in texts), mark


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text))
