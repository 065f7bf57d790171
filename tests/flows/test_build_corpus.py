"""From bad and good lines to a corpus whose accounts close, under a real Prefect server and a real S3 server."""

import gzip
import hashlib
import json
from collections import Counter
from pathlib import Path

import orjson
import pytest

from blocks.history import actions, current
from blocks.store import ArtifactStore
from flows.build_corpus import build_corpus
from tasks.corpus.config import ReadingConfig
from tasks.corpus.reading import WrongInput
from tasks.corpus.tasks import EmptyCorpus

FILES = ("corpus.jsonl", "decisions.jsonl", "summary.json", "report.html")

GOOD = (
    "某某科技股份有限公司公告：2024年度公司实现营业收入{n}.5亿元，同比增长12.3%，"
    "归属于上市公司股东的净利润为3.2亿元。"
) * 3


def text_row(name: str, text: str, **more: object) -> bytes:
    return orjson.dumps({"id": name, "title": f"{name}的公告", "text": text, "source": "交易所", **more})


def lines() -> list[bytes]:
    copied = GOOD.format(n=7)
    return [
        text_row("a", GOOD.format(n=1), published="2025-03-01"),
        text_row("b-late", copied, published="2025-03-05"),
        text_row("b-early", copied.replace("，", ", "), published="2025-03-02"),
        orjson.dumps({"id": "r1", "contents": {"股票代码": "000001", "收盘价": "9.5"}, "metadata": {}}),
        orjson.dumps(
            {"id": "r2", "text": None, "record": {"任意": "键"}, "source": "q", "published": "2025-01-02"}
        ),
        text_row("short", "太短了。"),
        text_row("english", "All of this text is English and it says nothing in Chinese at all. " * 3),
        text_row("a", "同一个编号又来了一次。" * 20),
        b'{"id": "broken", "text": "',
        b'{"id": "bytes", "text": "\xff"}',
        b"",
        text_row("html", f"<p>{GOOD.format(n=9)}</p><table><tr><td>项目</td><td>金额</td></tr></table>"),
    ]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "input.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(lines()), mtime=0))
    return path


def read(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def test_every_line_has_its_decision_and_the_accounts_close(
    prefect_store: ArtifactStore, source: Path, tmp_path: Path
) -> None:
    corpus = build_corpus(str(source), export=str(tmp_path / "out"))
    out = tmp_path / "out"
    decisions = read(out, "decisions.jsonl")
    assert [decision["line"] for decision in decisions] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]
    assert {decision["file"] for decision in decisions} == {"input.jsonl.gz"}
    assert [(d["id"], d["decision"], d["reason"]) for d in decisions[7:10]] == [
        ("a", "quarantined", "duplicate_id"),
        (None, "quarantined", "invalid_json"),
        (None, "quarantined", "invalid_utf8"),
    ]
    (duplicate,) = (decision for decision in decisions if decision["decision"] == "duplicate")
    assert (duplicate["layer"], duplicate["score"]) == ("exact", 1.0)
    summary = json.loads((out / "summary.json").read_text())
    counted = Counter(str(decision["decision"]) for decision in decisions)
    assert summary["input"] == 11 == sum(counted.values())
    assert (summary["structured"], summary["kept"], summary["retained"]) == (2, 3, 5)
    assert summary["filtered"] == {"too_little_chinese": 1, "too_short": 1}
    kept = read(out, "corpus.jsonl")
    assert len(kept) == summary["retained"]
    assert {str(duplicate["witness"])} <= {str(row["id"]) for row in kept}
    assert current(prefect_store, "corpus", "main").target == corpus  # type: ignore[union-attr]
    assert "<html" in (out / "report.html").read_text()


def test_the_output_rows_carry_their_origin_and_their_edits(
    prefect_store: ArtifactStore, source: Path, tmp_path: Path
) -> None:
    build_corpus(str(source), export=str(tmp_path / "out"))
    rows = {str(row["id"]): row for row in read(tmp_path / "out", "corpus.jsonl")}
    raw = lines()[11]
    html = rows["html"]
    assert sorted(html) == ["contents", "id", "metadata", "published", "source", "title"]
    metadata = html["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["sha256"] == hashlib.sha256(raw).hexdigest()
    assert (metadata["input_file"], metadata["input_line"]) == ("input.jsonl.gz", 12)
    text, cleaned, position = json.loads(raw)["text"], "", 0
    for start, end, replacement, _ in metadata["edits"]:
        cleaned += text[position:start] + replacement
        position = end
    assert cleaned + text[position:] == html["contents"]
    assert "<" not in str(html["contents"])


def test_structured_records_pass_untouched(
    prefect_store: ArtifactStore, source: Path, tmp_path: Path
) -> None:
    build_corpus(str(source), export=str(tmp_path / "out"))
    rows = {str(row["id"]): row for row in read(tmp_path / "out", "corpus.jsonl")}
    assert rows["r1"]["metadata"]["record"] == {"股票代码": "000001", "收盘价": "9.5"}  # type: ignore[index]
    assert rows["r2"]["metadata"]["record"] == {"任意": "键"}  # type: ignore[index]
    assert rows["r2"]["published"] == "2025-01-02"


def test_how_the_input_is_cut_changes_no_byte_of_the_result(
    prefect_store: ArtifactStore, tmp_path: Path
) -> None:
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"\n".join(text_row(f"d{n}", GOOD.format(n=n % 30)) for n in range(80)))
    exported = []
    for rows_per_shard in (10, 40, 4000):
        out = tmp_path / f"out-{rows_per_shard}"
        build_corpus(str(path), reading=ReadingConfig(rows_per_shard=rows_per_shard), export=str(out))
        exported.append([hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES[:3]])
    assert exported[0] == exported[1] == exported[2]
    assert json.loads((tmp_path / "out-10" / "summary.json").read_text())["duplicates"]["exact"] == 50


def test_what_leaves_no_document_is_not_published(prefect_store: ArtifactStore, tmp_path: Path) -> None:
    path = tmp_path / "short.jsonl"
    for content, said in (
        (b"", "of 0 input lines"),
        (text_row("short", "太短了。"), "of 1 input lines.*filtered 1"),
    ):
        path.write_bytes(content)
        with pytest.raises(EmptyCorpus, match=said):
            build_corpus(str(path), name="nothing")
    assert current(prefect_store, "corpus", "nothing") is None


def test_a_missing_file_is_one_sentence(prefect_store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="no file or folder is at"):
        build_corpus(str(tmp_path / "nowhere"))


def test_a_second_run_does_no_work_again(prefect_store: ArtifactStore, source: Path) -> None:
    first = build_corpus(str(source))
    done = {action.run for action in actions(prefect_store)}
    assert build_corpus(str(source)) == first
    again = [action.task for action in actions(prefect_store) if action.run not in done]
    assert sorted(again) == ["ingest-files", "present-corpus", "publish-corpus"]
