"""Passages are slices of their document that lose nothing, end at sentences and know their heading."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_registry.records import Document, JsonObject, Passage
from tasks.indexing.config import PassageConfig
from tasks.indexing.passages import split_passages

SMALL = PassageConfig(target_characters=60, min_characters=15, overlap_sentences=1, overlap_characters=20)
NO_OVERLAP = PassageConfig(target_characters=60, min_characters=15, overlap_sentences=0)

PIECES = [
    "碳配额价格上涨。",
    "第一条 为了规范交易，",
    "制定本办法。",
    "\n",
    "\n\n",
    "# 总则\n",
    "一、总体要求\n",
    "（一）指导思想。",
    "长" * 90,
    "，",
    "  ",
    "Net profit rose 5%. ",
    "第二章 监督管理\n",
    "“好！”",
    "\r\n",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=300)
CONFIGS = st.builds(
    PassageConfig,
    target_characters=st.integers(50, 120),
    min_characters=st.integers(1, 60),
    overlap_sentences=st.integers(0, 3),
    overlap_characters=st.integers(0, 60),
)


def split(text: str, config: PassageConfig = SMALL) -> list[Passage]:
    return list(
        split_passages(
            [Document("d", text, "标题", "2024-03-05", "site", {"input_file": "a.jsonl", "input_line": 9})],
            config,
        )
    )


@given(TEXTS, CONFIGS)
def test_a_passage_is_a_slice_of_the_contents(text: str, config: PassageConfig) -> None:
    for passage in split(text, config):
        assert passage.text == text[passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""


@given(TEXTS, CONFIGS)
def test_every_character_but_white_space_is_in_a_passage(text: str, config: PassageConfig) -> None:
    covered = {at for passage in split(text, config) for at in range(passage.start, passage.end)}
    assert all(at in covered or character.isspace() for at, character in enumerate(text))


@given(TEXTS, CONFIGS)
def test_passages_advance_and_overlap_no_more_than_allowed(text: str, config: PassageConfig) -> None:
    passages = split(text, config)
    for before, after in pairwise(passages):
        assert before.start < after.start
        assert before.end < after.end
        assert before.end - after.start <= config.overlap_characters


@given(TEXTS.map(lambda text: text.replace("\n", "").replace("\r", "")), CONFIGS)
def test_a_passage_is_never_much_longer_than_wanted(text: str, config: PassageConfig) -> None:
    limit = 2 * (config.target_characters + config.min_characters) + config.overlap_characters
    assert all(passage.end - passage.start <= limit for passage in split("".join(text.split()), config))


def test_a_document_without_text_has_no_passages() -> None:
    assert split("") == split(" \n \n") == []


def test_ids_number_the_passages_of_a_document_and_carry_its_facts() -> None:
    passages = split("碳配额价格上涨。" * 20)
    assert [passage.id for passage in passages] == [f"d#{number}" for number in range(len(passages))]
    assert len(passages) > 1
    first = passages[0]
    assert (first.parents, first.title, first.source) == (("d",), "标题", "site")
    assert (first.published, first.file, first.line) == ("2024-03-05", "a.jsonl", 9)


def test_passages_end_at_sentences() -> None:
    assert all(passage.text.endswith("。") for passage in split("全国碳市场成交量明显上升，价格平稳。" * 12))


def test_a_sentence_that_is_too_long_is_cut_after_a_comma() -> None:
    passages = split("全国碳市场成交量明显上升，" * 12)
    assert len(passages) > 2
    assert all(passage.text.endswith("，") for passage in passages)


def test_the_last_short_sentence_is_repeated_at_the_start_of_the_next_passage() -> None:
    passages = split("".join(f"第{number:02d}家公司公布年报。" for number in range(12)))
    assert passages[1].start < passages[0].end
    assert passages[1].text[:11] == passages[0].text[-11:] == "第04家公司公布年报。"


def test_a_section_begins_a_new_passage_under_its_heading() -> None:
    body = "各地区要认真贯彻落实，确保取得实效。"
    text = f"# 关于碳市场的意见\n一、总体要求\n{body}\n（一）指导思想。{body}\n二、主要任务\n{body}"
    found = [(passage.heading, passage.text) for passage in split(text)]
    assert found == [
        ("关于碳市场的意见 一、总体要求", f"# 关于碳市场的意见\n一、总体要求\n{body}"),
        ("关于碳市场的意见 一、总体要求 （一）指导思想", f"（一）指导思想。{body}"),
        ("关于碳市场的意见 二、主要任务", f"二、主要任务\n{body}"),
    ]


def test_articles_of_a_law_are_passages_of_their_own() -> None:
    text = "第二章 交易管理\n" + "\n".join(
        f"第{number}条 碳排放配额的交易应当通过全国碳排放权交易系统进行。" for number in "一二三"
    )
    assert [passage.heading for passage in split(text)] == [f"第二章 交易管理 第{n}条" for n in "一二三"]


def test_an_enumeration_within_a_sentence_is_no_heading() -> None:
    text = "下列情形属于职务发明：\n（一）在本职工作中作出的发明；\n（二）履行其他任务所作出的发明。"
    assert [passage.heading for passage in split(text)] == [""]


def test_a_short_rest_is_joined_to_its_section() -> None:
    passages = split("全国碳市场成交量明显上升，价格平稳运行，交易活跃。" * 2 + "完。", NO_OVERLAP)
    assert [passage.text[-2:] for passage in passages] == ["完。"]


@pytest.mark.parametrize(
    ("metadata", "tags"),
    [
        ({}, ("", "")),
        ({"kind": None, "tenant": None}, ("", "")),
        ({"kind": "law", "tenant": "bank-a"}, ("law", "bank-a")),
        ({"tenant": 0}, ("", "0")),
        ({"tenant": ["a"]}, ("", "['a']")),
    ],
)
def test_kind_and_tenant_are_those_of_the_metadata_and_no_odd_tenant_is_nobody(
    metadata: JsonObject, tags: tuple[str, str]
) -> None:
    (passage,) = split_passages([Document("d", "碳配额价格上涨。", "", None, "s", metadata)], SMALL)
    assert (passage.kind, passage.tenant) == tags
