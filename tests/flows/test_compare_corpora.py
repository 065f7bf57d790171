"""Two corpora side by side under a real Prefect server and a real S3 server, to plain files and what a person reads."""

import hashlib
import json
from pathlib import Path

import orjson
import pytest

from blocks.history import actions, promote
from blocks.store import ArtifactStore, MissingObject
from datasets_registry.artifact import ArtifactRef
from finloom.show import show
from flows.compare_corpora import compare_corpora
from tasks.corpus.config import CleaningConfig, QualityConfig, Rule
from tasks.corpus.rows import parse_line
from tasks.corpus.shards import CleanShard, Nothing, ReadLine, clean_lines, settle_lines
from tasks.runtime.parts import encode_rows

FILES = (
    "added_records.jsonl",
    "change_analysis.jsonl",
    "changed_records_new.jsonl",
    "changed_records_old.jsonl",
    "comparison_report.html",
    "deleted_records.jsonl",
)
BODY = "某某科技股份有限公司公告：2024年度公司实现营业收入{0}亿元，同比增长12.3%，净利润为3.2亿元。" * 3
FOOTER = "版权所有 某某网站 联系电话：010-88888888 京ICP备12345678号 京公网安备11010102000001号"


def publish(store: ArtifactStore, texts: dict[str, str], skip: tuple[Rule, ...] = ()) -> ArtifactRef:
    """A corpus of the texts by id and of one structured record, read and cleaned as `build_corpus` does it."""
    lines = [orjson.dumps({"id": name, "text": text, "source": "交易所"}) for name, text in texts.items()]
    lines.append(orjson.dumps({"id": "r1", "contents": {"股票代码": "000001", "收盘价": str(len(texts))}}))
    rows = [ReadLine(parse_line(line, "in.jsonl", n), None) for n, line in enumerate(lines, 1)]  # type: ignore[arg-type]
    files = []
    for index, first in enumerate(range(0, len(rows), 4)):
        config = CleanShard(cleaning=CleaningConfig(skip=skip), quality=QualityConfig())
        cleaned = clean_lines([encode_rows(rows[first : first + 4]).data], config)["entries"].data
        settled = settle_lines([cleaned, encode_rows([]).data], Nothing())
        files += [
            store.add_file(f"{part}/{index:05d}.jsonl.zst", made.data, made.rows)
            for part, made in settled.items()
        ]
    return store.publish("corpus", files)


TEXTS = {f"d{n}": BODY.format(f"{n}.5") for n in range(6)}
NEW_TEXTS = {name: text for name, text in TEXTS.items() if name != "d5"} | {
    "d4": BODY.format("99.5"),
    "d6": BODY.format("6.5"),
    "d7": BODY.format("7.5"),
}


@pytest.fixture
def two_days(prefect_store: ArtifactStore) -> ArtifactStore:
    """`main` yesterday and today: a document went, two came, one has another number, the record another price."""
    for texts in (TEXTS, NEW_TEXTS):
        promote(prefect_store, "corpus", "main", publish(prefect_store, texts), {})
    return prefect_store


def read(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def test_today_against_yesterday(two_days: ArtifactStore, tmp_path: Path) -> None:
    comparison = compare_corpora("main~1", "main", export=str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    assert [row["id"] for row in read(tmp_path, "deleted_records.jsonl")] == ["d5"]
    assert [row["id"] for row in read(tmp_path, "added_records.jsonl")] == ["d6", "d7"]
    old, new = (read(tmp_path, f"changed_records_{side}.jsonl") for side in ("old", "new"))
    assert [row["id"] for row in old] == [row["id"] for row in new] == ["d4", "r1"]
    assert ("4.5亿元" in str(old[0]["contents"]), "99.5亿元" in str(new[0]["contents"])) == (True, True)
    analysis = read(tmp_path, "change_analysis.jsonl")
    assert [(row["id"], row["cause"], row["input_changed"]) for row in analysis] == [
        ("d4", "facts_changed", True),
        ("r1", "facts_changed", True),
    ]
    assert analysis[0]["facts_added"] == [["number", "9950000000 元"]]
    summary = json.loads(two_days.read(comparison, "summary.json"))
    assert [summary[name] for name in ("old", "new", "deleted", "added", "changed", "equal")] == [
        7,
        8,
        1,
        2,
        2,
        4,
    ]
    assert summary["unread"] == 4
    assert comparison.kind == "corpus/comparison"
    parts = {file.name.split("/")[0] for file in two_days.tree(comparison).files}
    assert parts == {
        "deleted",
        "added",
        "changed_old",
        "changed_new",
        "analysis",
        "summary.json",
        "report.html",
    }


def test_other_cleaning_of_the_same_input_is_told_from_another_input(
    prefect_store: ArtifactStore, tmp_path: Path
) -> None:
    texts = {name: text + FOOTER for name, text in TEXTS.items()}
    old, new = publish(prefect_store, texts, skip=("footer",)), publish(prefect_store, texts)
    compare_corpora(old.sha256, new.sha256, export=str(tmp_path))
    analysis = read(tmp_path, "change_analysis.jsonl")
    assert {(row["cause"], row["input_changed"]) for row in analysis} == {("noise_removal", False)}
    assert len(analysis) == 6 and all(row["rules"] == {"footer": len(FOOTER)} for row in analysis)
    assert (tmp_path / "deleted_records.jsonl").read_bytes() == b""
    back = tmp_path / "back"
    compare_corpora(new.sha256, old.sha256, export=str(back))
    assert {row["cause"] for row in read(back, "change_analysis.jsonl")} == {"noise_returned"}


def test_a_second_run_does_no_work_again_and_writes_the_same_bytes(
    two_days: ArtifactStore, tmp_path: Path
) -> None:
    first = compare_corpora("main~1", export=str(tmp_path / "a"))
    done = {action.run for action in actions(two_days)}
    assert compare_corpora("main~1", export=str(tmp_path / "b")) == first
    again = [action.task for action in actions(two_days) if action.run not in done]
    assert sorted(again) == ["export-comparison", "present-comparison"]
    digests = [
        [hashlib.sha256((tmp_path / side / name).read_bytes()).hexdigest() for name in FILES] for side in "ab"
    ]
    assert digests[0] == digests[1]


def test_the_history_keeps_the_accounts_and_a_person_reads_them(
    two_days: ArtifactStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path))
    comparison = compare_corpora("main~1", "main")
    (made,) = (action for action in actions(two_days) if action.task == "compare-documents")
    assert made.counts == {"deleted": 1, "added": 2, "equal": 4, "changed": 2, "facts_changed": 2}
    show(comparison)
    said = capsys.readouterr().out
    assert [
        line.split()[-1] for line in said.splitlines() if line.lstrip().startswith(("deleted", "added"))
    ] == [
        "1",
        "2",
    ]
    assert (tmp_path / "reports" / f"comparison-{comparison.sha256[:12]}.html").exists()


def test_a_corpus_that_is_not_there_is_one_sentence(two_days: ArtifactStore) -> None:
    with pytest.raises(MissingObject, match="no corpus is in force under 'yesterday', found main"):
        compare_corpora("yesterday")
    with pytest.raises(MissingObject, match="main~2 is no corpus"):
        compare_corpora("main~2")
