"""What must become of the sample corpus, held against its truth file."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from blocks.store import ArtifactStore
from flows.build_corpus import build_corpus
from tasks.corpus.tasks import sample_folder

NOISE = {"too_short": "too_short", "not_chinese": "too_little_chinese", "off_topic": "off_topic"}
COPIES = ("exact_copy", "normalised_copy")
NEAR = ("edited_1", "edited_2", "edited_5", "edited_10", "wrapped_copy", "embedded_copy")
CUT = ("truncated_90", "truncated_70", "truncated_50")
ALIKE = ("same_head", "amount_twin", "template_family", "crawl_noise", "prompt_injection")
"""What only looks like a copy, and what has another fault: none of it may go."""

Row = dict[str, str]


@pytest.fixture(scope="module")
def truth() -> list[Row]:
    """What each document of the sample is, and of which it was made."""
    return [json.loads(line) for line in (sample_folder() / "truth.jsonl").read_text().splitlines()]


@pytest.fixture
def decided(prefect_store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Row]:
    """The decisions on the sample, by id."""
    monkeypatch.setenv("FINLOOM_HOME", str(tmp_path / "home"))
    build_corpus("sample", export=str(tmp_path / "out"))
    rows = (tmp_path / "out" / "decisions.jsonl").read_text().splitlines()
    return {row["id"]: row for row in map(json.loads, rows)}


def test_every_copy_goes_or_its_original_does_and_nothing_else(
    decided: dict[str, Row], truth: list[Row]
) -> None:
    of_kind = defaultdict(list)
    for row in truth:
        of_kind[row["kind"]].append(row)
    for kind in COPIES:
        assert {decided[row["id"]]["decision"] for row in of_kind[kind]} == {"duplicate"}
    for kind in (*NEAR, *CUT):
        both = [row for row in of_kind[kind] if _kept(decided, row["id"]) and _kept(decided, row["of"])]
        assert of_kind[kind]
        assert both == [], kind
    for kind in ALIKE:
        assert of_kind[kind]
        assert [row for row in of_kind[kind] if not _kept(decided, row["id"])] == [], kind
    copied = {row["of"] for row in truth if row["kind"] in (*COPIES, *NEAR, *CUT)}
    planted = {row["id"] for row in truth if row["kind"] in (*COPIES, *NEAR, *CUT)}
    gone = {name for name, row in decided.items() if row["decision"] == "duplicate"}
    assert gone <= planted | copied


def test_noise_goes_with_its_reason_and_records_stay(decided: dict[str, Row], truth: list[Row]) -> None:
    for row in truth:
        decision = decided[row["id"]]
        if row["kind"] in NOISE:
            assert (decision["decision"], decision["reason"]) == ("filtered", NOISE[row["kind"]])
        if row["kind"] == "record":
            assert decision["decision"] == "structured"


def _kept(decided: dict[str, Row], name: str) -> bool:
    return decided[name]["decision"] == "kept"
