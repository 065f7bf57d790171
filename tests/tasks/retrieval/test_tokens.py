"""Passages and queries are cut into tokens the same way, and a change of that way shows."""

import dataclasses

from datasets_registry.records import Passage
from tasks.retrieval.config import TokenConfig
from tasks.retrieval.tokens import dictionary_sha256, search_text, shared_tokenizer

PASSAGE = Passage("d#0", ("d",), "关于碳市场的通知", "一、总体要求", "坚持市场导向。", 0, 7, None, "site")


def test_codes_numbers_and_words_are_kept_and_punctuation_is_not() -> None:
    tokens = shared_tokenizer(TokenConfig()).tokens("贵州茅台（600519.SH），同比增长16.91%！")
    assert "600519.sh" in tokens
    assert not {"（", "，", "！"} & set(tokens)


def test_bare_numbers_can_be_left_out() -> None:
    tokens = shared_tokenizer(TokenConfig(keep_digits=False)).tokens("2024年ETF份额达到12.5亿")
    assert "etf" in tokens
    assert not {"2024", "12.5"} & set(tokens)


def test_both_segmenters_have_one_fingerprint() -> None:
    assert (
        shared_tokenizer(TokenConfig()).fingerprint()
        == shared_tokenizer(TokenConfig(engine="jieba")).fingerprint()
    )


def test_a_setting_that_changes_tokens_changes_the_fingerprint() -> None:
    changed = TokenConfig(keep_digits=False)
    assert shared_tokenizer(changed).fingerprint() != shared_tokenizer(TokenConfig()).fingerprint()
    assert dictionary_sha256(TokenConfig(finance_words=False)) != dictionary_sha256(TokenConfig())


def test_words_that_are_one_token_are_spelled_as_it_is() -> None:
    assert shared_tokenizer(TokenConfig()).single_words(["ETF", "银行", "银行 利率"]) == ["etf", "银行"]


def test_title_heading_and_text_are_searched() -> None:
    assert search_text(PASSAGE) == "关于碳市场的通知\n一、总体要求\n坚持市场导向。"


def test_a_heading_that_the_text_begins_with_is_not_repeated() -> None:
    own = dataclasses.replace(PASSAGE, title="", text="一、总体要求\n坚持市场导向。")
    assert search_text(own) == own.text
