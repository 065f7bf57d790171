"""A corpus that goes on from yesterday's: what stands, what came again, what is decided anew."""

import json
from pathlib import Path

import orjson
import pytest

from blocks.store import ArtifactStore
from flows.build_corpus import build_corpus
from tasks.dedup.config import DedupConfig

WHOLE = "".join(chr(0x4E00 + 37 * i % 9000) for i in range(1600))
OTHER = "".join(chr(0x4E00 + 41 * i % 9001) for i in range(1600))


def build(
    folder: Path, day: int, texts: dict[str, str], earlier: str | None = None, **more: object
) -> dict[str, str]:
    """Build a day's corpus under the name `days`; every document's decision, or what it is after `more`."""
    source = folder / f"day{day}.jsonl"
    rows = [
        {"id": name, "title": "", "text": text, "source": "s", "published": None}
        for name, text in texts.items()
    ]
    source.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    out = folder / f"out{day}"
    build_corpus(str(source), earlier=earlier, name="days", export=str(out), **more)  # type: ignore[arg-type]
    decisions = [json.loads(line) for line in (out / "decisions.jsonl").read_text().splitlines()]
    kept = [json.loads(line)["id"] for line in (out / "corpus.jsonl").read_text().splitlines()]
    assert sorted(kept) == sorted(row["id"] for row in decisions if row["decision"] == "kept")
    summary = json.loads((out / "summary.json").read_text())
    assert summary["input"] == len(decisions)
    return {f"{row['id']} {row['file']}": _said(row) for row in decisions}


def _said(row: dict[str, str]) -> str:
    return (
        f"{row['layer']} {row['witness']}"
        if row["decision"] == "duplicate"
        else row["reason"] or row["decision"]
    )


def test_what_was_decided_stands(prefect_store: ArtifactStore, tmp_path: Path) -> None:
    first = build(tmp_path, 1, {"part": WHOLE[:700], "other": OTHER})
    assert set(first.values()) == {"kept"}
    second = build(tmp_path, 2, {"whole": WHOLE, "copy": OTHER, "bit": WHOLE[900:1500]}, earlier="days")
    assert second == first | {
        "whole day2.jsonl": "kept",
        "copy day2.jsonl": "exact other",
        "bit day2.jsonl": "ngram whole",
    }


def test_a_document_that_comes_again_replaces_the_earlier_one(
    prefect_store: ArtifactStore, tmp_path: Path
) -> None:
    first = build(tmp_path, 1, {"a": WHOLE, "part": WHOLE[200:900], "b": OTHER})
    assert first["part day1.jsonl"] == "ngram a"
    second = build(tmp_path, 2, {"a": OTHER[600:1400], "b": OTHER}, earlier="days")
    assert second == {
        "a day1.jsonl": "updated",
        "b day1.jsonl": "kept",
        "a day2.jsonl": "ngram b",
        "b day2.jsonl": "unchanged",
        "part day1.jsonl": "kept",
    }


def test_other_settings_than_the_base_had_are_refused(prefect_store: ArtifactStore, tmp_path: Path) -> None:
    build(tmp_path, 1, {"a": WHOLE})
    with pytest.raises(ValueError, match="keep these settings, or build it anew"):
        build(tmp_path, 2, {"b": OTHER}, earlier="days", dedup=DedupConfig(phrase_len=9))
