"""Related documents come from search: never the document itself, never the future, no two that say the same."""

from pathlib import Path

import pytest

from datasets_registry.records import Document
from tasks.contexts.config import ContextConfig
from tasks.contexts.documents import Documents
from tasks.contexts.related import relate
from tests.tasks.conftest import BuildIndex

CARBON = "全国碳市场碳排放配额收盘价上涨，成交量较上一交易日明显放大。"
BANK = "某银行披露年度报告，营业收入和净利润同比增长，不良贷款率下降。"


def document(name: str, contents: str, published: str | None = None, **metadata: str) -> Document:
    return Document(name, contents, "", published, "s", {"facts": [], **metadata})


DOCUMENTS = [
    document("c1", CARBON + "履约期临近，控排企业积极入市购买。", "2024-01-05"),
    document("c2", CARBON + "分析人士认为价格还会走高。", "2024-01-03"),
    document("c3", "地方生态环境部门核查碳排放报告，抽查配额清缴情况和监测计划。", "2024-01-04"),
    document("c4", CARBON + "履约期临近，控排企业积极入市购买！", "2024-02-01"),
    document("b1", BANK, None),
    document("b2", "该银行净利润增长主要来自中间业务收入，年度拨备覆盖率提高。", None),
    document("t1", "某银行内部研究：营业收入结构和净利润拆分。", None, tenant="desk"),
]


@pytest.fixture
def rows(build_index: BuildIndex, tmp_path: Path) -> dict[str, list[dict[str, object]]]:
    return related(build_index, tmp_path, ContextConfig(least_share=0))


def related(
    build_index: BuildIndex, folder: Path, config: ContextConfig
) -> dict[str, list[dict[str, object]]]:
    corpus = Documents(folder / "documents.arrow", DOCUMENTS)
    made = relate(DOCUMENTS, build_index(DOCUMENTS), corpus, config)
    return {str(row["id"]): row["relevant_contents"] for row in made}  # type: ignore[misc]


def names(found: list[dict[str, object]]) -> list[object]:
    return [each["id"] for each in found]


def test_a_document_is_not_related_to_itself_and_ranks_count_from_one(
    rows: dict[str, list[dict[str, object]]],
) -> None:
    assert set(rows) == {each.id for each in DOCUMENTS}
    for name, found in rows.items():
        assert name not in names(found)
        assert [each["rank"] for each in found] == list(range(1, len(found) + 1))
        scores = [float(str(each["score"])) for each in found]
        assert scores == sorted(scores, reverse=True)


def test_a_dated_document_sees_only_its_past(rows: dict[str, list[dict[str, object]]]) -> None:
    assert set(names(rows["c1"])) == {"c2", "c3"}
    assert names(rows["c2"]) == []
    assert "c1" in names(rows["b1"]) or "c3" in names(rows["b1"])


def test_repeats_of_a_better_one_are_left_out(build_index: BuildIndex, tmp_path: Path) -> None:
    found = related(build_index, tmp_path, ContextConfig(least_share=0, as_of=False))
    assert len({"c1", "c2", "c4"} & set(names(found["c3"]))) == 1


def test_what_is_far_below_the_best_is_left_out(build_index: BuildIndex, tmp_path: Path) -> None:
    strict = related(build_index, tmp_path, ContextConfig(least_share=1.0, as_of=False))
    assert all(len(found) == 1 for found in strict.values())
    assert names(strict["b1"]) == ["b2"]


def test_a_tenants_documents_are_seen_by_its_own_only(rows: dict[str, list[dict[str, object]]]) -> None:
    assert "b1" in names(rows["t1"])
    assert all("t1" not in names(found) for name, found in rows.items() if name != "t1")


def test_rows_have_the_usual_fields_without_working_metadata(
    rows: dict[str, list[dict[str, object]]],
) -> None:
    first = rows["b1"][0]
    assert set(first) == {"id", "contents", "metadata", "score", "rank"}
    assert "facts" not in first["metadata"]  # type: ignore[operator]


def test_two_documents_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two documents have the id 'c1'"):
        Documents(tmp_path / "documents.arrow", [DOCUMENTS[0], DOCUMENTS[0]])
