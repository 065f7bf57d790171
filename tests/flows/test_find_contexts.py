"""Related documents under a real Prefect server and a real S3 server, to a plain file, shard by shard."""

import json
from pathlib import Path

import pytest

from blocks.history import actions, promote
from blocks.store import ArtifactStore
from datasets_registry.records import Document
from flows.build_index import build_index
from flows.find_contexts import find_contexts
from tasks.contexts import tasks as stage
from tasks.contexts.config import ContextConfig
from tasks.indexing.config import EmbeddingConfig
from tasks.runtime.parts import encode_rows

SUBJECTS = ("碳配额", "央行利率", "基金净值", "公司债券")
DOCUMENTS = [
    Document(f"d{number}", f"{subject}今日{move}，市场关注后续{detail}。", f"{subject}{move}", None, "s", {})
    for number, (subject, move, detail) in enumerate(
        (subject, move, detail)
        for subject in SUBJECTS
        for move, detail in (("上涨", "政策文件的落地节奏"), ("回落", "资金面与到期规模变化"))
    )
]
ANY = ContextConfig(least_share=0)


@pytest.fixture
def in_force(prefect_store: ArtifactStore) -> ArtifactStore:
    """A corpus of three shards and its index, both called `main`."""
    shards = [DOCUMENTS[start : start + 3] for start in range(0, len(DOCUMENTS), 3)]
    files = [
        prefect_store.add_file(f"documents/{number:05d}.jsonl.zst", made.data, made.rows)
        for number, made in enumerate(map(encode_rows, shards))
    ]
    promote(prefect_store, "corpus", "main", prefect_store.publish("corpus", files), {})
    build_index(embedding=EmbeddingConfig(kind="hash"))
    return prefect_store


def read(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "relevant_contents.jsonl").read_text().splitlines()]


def test_every_document_gets_what_is_related_to_it(in_force: ArtifactStore, tmp_path: Path) -> None:
    related = find_contexts(contexts=ANY, export=str(tmp_path))
    rows = read(tmp_path)
    assert [row["id"] for row in rows] == [document.id for document in DOCUMENTS]
    assert len(in_force.tree(related).part("contexts")) == 3
    twin = {f"d{number}": f"d{number ^ 1}" for number in range(len(DOCUMENTS))}
    for row in rows:
        found = [each["id"] for each in row["relevant_contents"]]  # type: ignore[attr-defined]
        assert twin[str(row["id"])] in found and row["id"] not in found


def test_a_run_that_was_cut_off_keeps_its_finished_shards(
    in_force: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    keep = stage.record_files

    def cut_off(*arguments: object) -> None:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(str(arguments[1]))
        keep(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(stage, "record_files", cut_off)
    with pytest.raises(BaseException, match=""):
        find_contexts(contexts=ANY)
    kept = list(done)
    monkeypatch.setattr(
        stage, "record_files", lambda *arguments: (done.append(str(arguments[1])), keep(*arguments))
    )
    find_contexts(contexts=ANY, export=str(tmp_path))
    assert len(done) == 3 and done[:2] == kept and done[2] not in kept
    assert len(read(tmp_path)) == len(DOCUMENTS)


def test_a_second_run_does_no_work_again(in_force: ArtifactStore) -> None:
    first = find_contexts(contexts=ANY)
    before = {action.run for action in actions(in_force)}
    assert find_contexts(contexts=ANY) == first
    assert [action.task for action in actions(in_force) if action.run not in before] == []
