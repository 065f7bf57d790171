"""The command line as a contract: what it prints, what it writes, how it ends."""

import json
from pathlib import Path

import pytest

from tests.system.conftest import System
from tests.system.test_resume import EXPORTED, write_documents

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def built(system: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus and an index named `cli`, and the corpus as files."""
    folder = tmp_path_factory.mktemp("cli")
    write_documents(folder / "in.jsonl", 120, seed=3)
    dated = {"id": "late", "title": "碳市场扩容公告", "source": "交易所", "published": "2025-06-01"}
    text = (
        "生态环境部公告，钢铁行业自2025年起纳入全国碳市场，首批覆盖企业1500家，配额按基准线法免费分配。" * 3
    )
    with (folder / "in.jsonl").open("a") as out:
        out.write(json.dumps(dated | {"text": text}, ensure_ascii=False) + "\n")
        out.write(json.dumps({"id": "part", "title": "", "text": text[:110]}, ensure_ascii=False) + "\n")
        out.write('{"id": "broken", "text": "\n')
    settings = ("--set", f"input={folder / 'in.jsonl'}", "--set", "name=cli")
    system.finloom("run", "build-corpus", *settings, "--export", str(folder / "out"))
    system.finloom("run", "build-index", "--set", "corpus=cli", "--set", "name=cli")
    return folder


def test_the_four_files_are_written_and_add_up(built: Path) -> None:
    out = built / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted(EXPORTED)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["input"] == 123 == len((out / "decisions.jsonl").read_text().splitlines())
    assert summary["retained"] == len((out / "corpus.jsonl").read_text().splitlines())
    assert summary["quarantined"] == 1


def test_answers_cite_substrings_of_the_cited_documents(system: System, built: Path) -> None:
    rows = (json.loads(line) for line in (built / "out" / "corpus.jsonl").read_text().splitlines())
    documents = {row["id"]: row for row in rows}
    said = system.json("ask", "钢铁行业何时纳入全国碳市场？", "--name", "cli")
    citations = said["citations"]
    assert isinstance(citations, list)
    assert citations[0]["id"] == "late"
    for cited in citations:
        contents = documents[cited["id"]]["contents"]
        assert contents[cited["start"] : cited["end"]] == cited["quote"]
        assert documents[cited["id"]]["metadata"]["input_line"] == cited["line"]
    assert len(str(said["index"])) == 64


def test_search_respects_the_as_of_date(system: System, built: Path) -> None:
    def found(*more: str) -> list[str]:
        hits = system.json("search", "钢铁行业 全国碳市场", "--name", "cli", *more)["hits"]
        assert isinstance(hits, list)
        return [hit["id"] for hit in hits]

    assert found()[0] == "late"
    assert found("--as-of", "2025-06-01") == ["late"]
    assert found("--as-of", "2025-05-31") == []


def test_why_walks_back_to_the_input_line(system: System, built: Path) -> None:
    why = system.json("why", "late#0", "--corpus", "cli", "--at", "7")
    assert why["raw_character"] == 7
    assert isinstance(why["raw_line"], str)
    assert json.loads(why["raw_line"])["id"] == "late"
    assert why["raw_line"] in (built / "in.jsonl").read_text()
    assert [decision["decision"] for decision in why["decisions"]] == ["kept"]  # type: ignore[attr-defined]
    assert "no document 'nobody'" in system.finloom("why", "nobody", "--corpus", "cli", code=1).stderr


def test_why_names_the_witness_and_what_ranks_it_better(system: System, built: Path) -> None:
    why = system.json("why", "part", "--corpus", "cli")
    (decision,) = why["decisions"]  # type: ignore[misc]
    assert (decision["decision"], decision["witness"], decision["score"]) == ("duplicate", "late", 1.0)
    assert str(why["rank"]).startswith("longer text: ")


def test_an_audit_verifies_removals_from_the_raw_lines(system: System, built: Path) -> None:
    audit = system.json("audit", "dedup", "--sample", "500", "--corpus", "cli")
    assert audit["wrong"] == []
    assert audit["drawn"] == audit["of"] > 0  # type: ignore[operator]


def test_versions_are_listed_verified_and_rolled_back(system: System, built: Path) -> None:
    first = system.json("run", "build-index", "--set", "corpus=cli", "--set", "name=moved")["sha256"]
    # The titles here are chance numbers, which stand in other texts too: other passages find others of them.
    other = ("--set", "passages.target_characters=120", "--set", "shadow.max_drop=1")
    second = system.json("run", "build-index", "--set", "corpus=cli", "--set", "name=moved", *other)["sha256"]
    assert first != second
    system.finloom("versions", "index", "verify", "--name", "moved")
    assert system.json("versions", "index", "diff", str(first)[:12], str(second)[:12], "--name", "moved")[
        "changed"
    ]
    system.finloom("versions", "index", "rollback", "--name", "moved")
    assert system.json("search", "碳市场", "--name", "moved")["index"] == first


def test_eval_measures_every_method(system: System, built: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"query": "碳市场扩容", "gold": ["late"]}\n')
    report = system.json("eval", "retrieval", "--queries", str(queries), "--index", "cli")
    assert {name: figures["success@5"] for name, figures in report["methods"].items()} == {  # type: ignore[attr-defined]
        "bm25": 1.0,
        "dense": 1.0,
        "hybrid": 1.0,
    }
    queries.write_text('{"query": "碳市场扩容", "gold": ["of another corpus"]}\n')
    told = system.finloom("eval", "retrieval", "--queries", str(queries), "--index", "cli", code=1)
    assert "belong to another corpus" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "no-such-flow"), "there is no flow 'no-such-flow'"),
        (("run", "build-corpus", "--set", "input=/nowhere/at/all.jsonl"), "no file or folder is at"),
        (("run", "build-corpus", "--set", "inputs=sample"), "has no parameter inputs; it has input,"),
        (("run", "build-corpus", "--set", "quality.min_characters=-1"), "min_characters"),
        (("run", "build-corpus", "--set", "quality"), "is not of the form name=value"),
        (("run", "build-corpus", "--config", "/nowhere.yaml"), "cannot be read"),
        (("search", "x", "--name", "nobody"), "no index is published under 'nobody'"),
        (("search", "x", "--name", "cli", "--method", "magic"), "is not one of hybrid, bm25, dense"),
        (("search", "x", "--name", "cli", "--as-of", "yesterday"), "wanted a date as YYYY-MM-DD"),
        (("versions", "cake"), "wanted `versions corpus|index|embedder|model"),
        (("versions", "index", "promote", "ffff", "--name", "cli"), "'ffff' names 0 versions"),
        (("eval", "retrieval", "--queries", "/nowhere.jsonl"), "cannot be read"),
        (("data", "show", "gsm8"), "gsm8k"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(
    system: System, built: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    told = system.finloom(*arguments, code=2).stderr
    assert sentence in told
    assert "Traceback" not in told
