"""Both engines cut every text into the same words, with numbers and codes whole."""

import gzip
import json
from pathlib import Path

import pytest

from datasets_registry.words import finance_words
from tasks.text.segment import Segmenter

TEXTS = (
    "贵州茅台（600519.SH）2024年第三季度实现营业收入1,231.23亿元，同比增长16.91％。",
    "腾讯控股00700.HK与A股、S&P500、5G、ETF净申购１．５亿份，CO₂减排量3.5GW。",
    "全国碳排放权交易市场碳配额收盘价每吨97.5元，央行下调存款准备金率0.25个百分点，速度快。",
    "没上车险的新股东要去做多少事？二〇二四年㐂日本のか Ünïcode 𠮷野家",
)


@pytest.fixture(scope="module")
def rjieba() -> Segmenter:
    return Segmenter("rjieba", finance_words())


@pytest.fixture(scope="module")
def jieba() -> Segmenter:
    return Segmenter("jieba", finance_words())


def test_codes_numbers_and_latin_words_are_kept_whole(rjieba: Segmenter) -> None:
    tokens = rjieba.tokens(TEXTS[0] + TEXTS[1])
    for token in (
        "600519.sh",
        "2024",
        "1231.23",
        "16.91%",
        "00700.hk",
        "s&p500",
        "5g",
        "etf",
        "1.5",
        "co2",
        "3.5",
        "gw",
    ):
        assert token in tokens


def test_finance_words_are_cut_whole_also_where_they_mix_scripts(rjieba: Segmenter) -> None:
    assert "a股" in rjieba.tokens(TEXTS[1])
    assert {"碳排放权", "碳配额", "存款准备金率", "百分点"} <= set(rjieba.tokens(TEXTS[2]))


def test_punctuation_and_white_space_are_no_tokens(rjieba: Segmenter) -> None:
    assert rjieba.tokens(" ，。！\n\t—()") == []


@pytest.mark.parametrize("text", TEXTS)
def test_jieba_and_rjieba_give_equal_tokens(rjieba: Segmenter, jieba: Segmenter, text: str) -> None:
    assert rjieba.tokens(text) == jieba.tokens(text)


def test_jieba_and_rjieba_give_equal_tokens_on_real_documents(
    shared_data: Path, rjieba: Segmenter, jieba: Segmenter
) -> None:
    for name in ("crud_news", "carbon_policy", "research_reports", "web_forum_noise"):
        with gzip.open(shared_data / "docs" / f"{name}.jsonl.gz") as lines:
            for line, _ in zip(lines, range(60), strict=False):
                text = json.loads(line)["text"][:2000]
                assert rjieba.tokens(text) == jieba.tokens(text)


def test_loading_jieba_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    Segmenter("jieba").tokens("银行")
    assert capfd.readouterr() == ("", "")
