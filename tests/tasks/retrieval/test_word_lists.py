"""Words that a user gives are read from any list, cut whole, boosted, left out, and belong to their index."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import Document
from tasks.indexing.assemble import assemble
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.config import HashEmbedding, SearchConfig, TokenConfig
from tasks.retrieval.index import Index
from tasks.retrieval.manifest import UnusableIndex
from tasks.retrieval.tokens import dictionary_sha256, shared_tokenizer
from tasks.retrieval.word_lists import BadWords, WordLists, encode_words, read_words, word_lists
from tasks.runtime.parts import encode_rows

USER = TokenConfig(user_words="a" * 64)
STOP = TokenConfig(stop_words="b" * 64)
OWN = WordLists(user=("瞪羚贷", "隔夜shibor"))
DOCUMENTS = [
    Document("d1", "某行推出瞪羚贷，支持科技企业的发展。", "", "2024-01-01", "s", {}),
    Document("d2", "瞪羚，贷，都在发展。", "", "2024-01-01", "s", {}),
]


def test_a_list_is_read_as_jieba_dictionaries_and_stop_word_files_are_written(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("\ufeff瞪羚贷 5 n\nＥＴＦ联接\n\n瞪羚贷\t3\n的\n" + "." * 58, encoding="utf-8")
    assert read_words(path) == ["etf联接", "的", "瞪羚贷"]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\n \n...\n", "holds no word"),
        (b"\xff\xfe\x00", "cannot be read"),
        ("长" * 101, "a line of 101 characters"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, data: bytes | str, complaint: str) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(BadWords, match=rf"words\.txt.*{complaint}"):
        read_words(path)
    with pytest.raises(BadWords, match="cannot be read"):
        read_words(tmp_path / "none")


@given(st.lists(st.text("碳配额贷的了", min_size=1, max_size=5), min_size=1).map(set).map(sorted))
def test_a_list_survives_its_bytes(words: list[str]) -> None:
    assert word_lists(STOP, lambda name: encode_words(words)) == WordLists(stop=tuple(words))


def test_user_words_are_cut_whole_and_boosted_by_both_engines() -> None:
    for engine in ("jieba", "rjieba"):
        config = USER.model_copy(update={"engine": engine})
        tokenizer = shared_tokenizer(config, OWN)
        assert tokenizer.tokens("隔夜SHIBOR与瞪羚贷") == ["隔夜shibor", "与", "瞪羚贷"]
        assert {"瞪羚贷", "隔夜shibor", "碳配额"} <= set(tokenizer.boosted())
    assert "瞪羚贷" not in shared_tokenizer(TokenConfig()).tokens("瞪羚贷")


def test_stop_words_are_left_out_and_nothing_else() -> None:
    plain, without = shared_tokenizer(TokenConfig()), shared_tokenizer(STOP, WordLists(stop=("2024", "的")))
    text = "2024年的银行与2025年的银行"
    assert without.tokens(text) == [token for token in plain.tokens(text) if token not in ("2024", "的")]


def test_every_list_has_its_own_identity() -> None:
    found = {
        dictionary_sha256(TokenConfig()),
        dictionary_sha256(USER, OWN),
        dictionary_sha256(USER, WordLists(user=OWN.user[:1])),
        dictionary_sha256(STOP, WordLists(stop=OWN.user)),
        dictionary_sha256(STOP, WordLists(stop=OWN.user[:1])),
    }
    assert len(found) == 5


def test_settings_that_name_words_are_not_used_without_them() -> None:
    with pytest.raises(ValueError, match=r"name \['user_words.txt'\], given were 0 user words"):
        shared_tokenizer(USER)
    with pytest.raises(ValueError, match="name no lists of words, given were 2 user words"):
        shared_tokenizer(TokenConfig(), OWN)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index with words of its own, which count twice as much."""
    config = IndexConfig(
        tokens=USER, search=SearchConfig(term_boost=2), embedding=HashEmbedding(dimensions=64)
    )
    words = encode_words(OWN.user)
    passages = passages_shard([encode_rows(DOCUMENTS).data], config.passages)["passages"].data
    tokens = tokens_shard([passages, words], USER)["tokens"].data
    vectors = vectors_shard([passages], config.embedding)["vectors"].data
    assemble(
        tmp_path / "i", [passages], [tokens], [vectors], config, "0" * 64, extra={"user_words.txt": words}
    )
    return tmp_path / "i"


def test_an_index_is_asked_with_its_own_words(folder: Path) -> None:
    index = Index.open(folder, intact=True)
    assert [hit.document for hit in index.search("瞪羚贷", "bm25")] == ["d1"]
    assert [hit.document for hit in index.search("贷", "bm25")] == ["d2"]


def test_an_index_whose_words_are_gone_or_others_is_refused(folder: Path) -> None:
    path = folder / "user_words.txt"
    path.write_bytes(path.read_bytes().replace("瞪".encode(), "羚".encode()))
    with pytest.raises(UnusableIndex, match="built with dictionary"):
        Index.open(folder)
    path.write_bytes(b"\xff" * path.stat().st_size)
    with pytest.raises(UnusableIndex, match="no lists of words that can be read"):
        Index.open(folder)
    path.unlink()
    with pytest.raises(UnusableIndex, match=r"user_words\.txt has no bytes"):
        Index.open(folder)
