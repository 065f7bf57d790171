"""What the spine must do with the sample corpus, held against its truth file."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from blocks.store import ArtifactStore
from flows.build_corpus import build_corpus
from tasks.corpus.tasks import sample_folder

NOISE = {"too_short": "too_short", "not_chinese": "too_little_chinese", "off_topic": "off_topic"}
Decisions = dict[str, list[dict[str, str]]]


@pytest.fixture
def decided(
    prefect_store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Decisions, dict[str, dict[str, str]]]:
    """The decisions on the sample by kind of truth, and the truth by id."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    build_corpus("sample", export=str(tmp_path / "out"))
    rows = (json.loads(line) for line in (sample_folder() / "truth.jsonl").read_text().splitlines())
    truth = {row["id"]: row for row in rows}
    by_kind: Decisions = defaultdict(list)
    for line in (tmp_path / "out" / "decisions.jsonl").read_text().splitlines():
        decision = json.loads(line)
        by_kind[truth[decision["id"]]["kind"]].append(decision)
    return by_kind, truth


def test_copies_go_noise_goes_and_everything_else_stays(
    decided: tuple[Decisions, dict[str, dict[str, str]]],
) -> None:
    by_kind, truth = decided
    for kind in ("exact_copy", "normalised_copy"):
        assert {decision["decision"] for decision in by_kind[kind]} == {"duplicate"}
        assert all(decision["witness"] == truth[decision["id"]]["of"] for decision in by_kind[kind])
    for kind, reason in NOISE.items():
        assert {(decision["decision"], decision["reason"]) for decision in by_kind[kind]} == {
            ("filtered", reason)
        }
    assert {decision["decision"] for decision in by_kind["record"]} == {"structured"}
    others = set(by_kind) - {"exact_copy", "normalised_copy", "record", *NOISE}
    assert {kind: Counter(d["decision"] for d in by_kind[kind]) for kind in others} == {
        kind: Counter(kept=len(by_kind[kind])) for kind in others
    }
