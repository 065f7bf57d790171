"""Real labels: what is one is reduced to one, and what only looks alike stays."""

from functools import cache
from pathlib import Path

from tasks.corpus.config import QualityConfig
from tasks.corpus.quality import reason_to_filter
from tasks.dedup.config import DedupConfig
from tests.tasks.dedup.deciding import decide
from tests.tasks.dedup.real_texts import cleaned, read_rows

SHARE_OF_TWINS = 0.99
SHARE_OF_DUPLICATES = 0.98


@cache
def decided(data: Path, documents: str, listed: str) -> tuple[dict[str, str], frozenset[str]]:
    """Of the listed texts that pass the quality rules, every one that goes with its witness; and all their ids."""
    ids = {row["id"] for row in read_rows(data / "dedup" / listed / "doc_ids.jsonl.gz")}
    rows = (row for row in read_rows(data / "docs" / f"{documents}.jsonl.gz") if row["id"] in ids)
    texts = {row["id"]: cleaned(row["text"]) for row in rows if row.get("text")}
    texts = {name: text for name, text in texts.items() if reason_to_filter(text, QualityConfig()) is None}
    verdicts = decide(texts, DedupConfig(block_texts=1500)).verdicts
    return {verdict.id: verdict.witness for verdict in verdicts}, frozenset(texts)


def test_true_duplicates_are_reduced_to_one(shared_data: Path) -> None:
    gone, known = decided(shared_data, "crud_news", "crud_finance_4000")
    rows = read_rows(shared_data / "dedup/crud_finance_4000/true_duplicates.jsonl.gz")
    pairs = [(row["a"], row["b"]) for row in rows if {row["a"], row["b"]} <= known]
    missed = [pair for pair in pairs if not gone.keys() & set(pair)]
    assert len(pairs) >= 60
    assert len(missed) <= (1 - SHARE_OF_DUPLICATES) * len(pairs), missed


def test_pages_crawled_twice_are_reduced_to_one(shared_data: Path) -> None:
    gone, known = decided(shared_data, "carbon_policy", "carbon_policy")
    rows = read_rows(shared_data / "dedup/carbon_policy/recrawled_duplicates.jsonl.gz")
    pairs = [tuple(row["ids"]) for row in rows if set(row["ids"]) <= known]
    missed = [pair for pair in pairs if not gone.keys() & set(pair)]
    assert len(pairs) >= 300
    assert len(missed) <= (1 - SHARE_OF_DUPLICATES) * len(pairs), missed


def test_template_twins_do_not_remove_each_other(shared_data: Path) -> None:
    gone, known = decided(shared_data, "crud_news", "crud_finance_4000")
    rows = read_rows(shared_data / "dedup/crud_finance_4000/template_twins_distinct.jsonl.gz")
    pairs = [(row["a"], row["b"]) for row in rows if {row["a"], row["b"]} <= known]
    merged = [(a, b) for a, b in pairs if gone.get(a) == b or gone.get(b) == a]
    assert len(pairs) >= 3000
    assert len(merged) <= (1 - SHARE_OF_TWINS) * len(pairs), merged
