"""The join finds the labelled pairs of real texts, those and no others."""

import gzip
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.similarity.join import Thresholds, self_join
from tasks.similarity.shingles import Shingles, shingle

Pair = tuple[str, str]


def read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path) as lines:
        return [json.loads(line) for line in lines]


def squeeze(text: str) -> str:
    return "".join(text.split())


# How the label files were made, as the README of the data has it.
SETS: dict[str, tuple[list[str], Callable[[str], str]]] = {
    "carbon_policy": (["carbon_policy"], lambda text: squeeze(unicodedata.normalize("NFKC", text).lower())),
    "crud_finance_4000": (["crud_news"], lambda text: squeeze(text.partition("正文：")[2] or text)),
    "flash_and_forum": (["flash_news", "web_forum_noise"], squeeze),
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label file: its texts, and Jaccard and containment of every pair at 0.3 or 0.7."""

    name: str
    ids: list[str]
    shingles: Shingles
    scores: dict[Pair, tuple[float, float]]


@pytest.fixture(scope="module", params=SETS)
def labelled(request: pytest.FixtureRequest, shared_data: Path) -> Labelled:
    files, normalise = SETS[request.param]
    folder = shared_data / "dedup" / request.param
    ids = [row["id"] for row in read(folder / "doc_ids.jsonl.gz")]
    rows = [row for file in files for row in read(shared_data / "docs" / f"{file}.jsonl.gz")]
    texts = {row["id"]: row["text"] for row in rows}
    scores = {
        (min(row["a"], row["b"]), max(row["a"], row["b"])): (row["jaccard3"], row["containment3"])
        for row in read(folder / "pairs_computed.jsonl.gz")
    }
    return Labelled(request.param, ids, shingle([normalise(texts[id]) for id in ids], 3), scores)


def joined(labels: Labelled, thresholds: Thresholds) -> dict[Pair, tuple[float, float]]:
    """Jaccard and containment of the pairs that the join finds, by their sorted ids."""
    found = self_join(labels.shingles, thresholds)
    sizes, common = labels.shingles.sizes, found.overlap.astype(np.float64)
    jaccard = common / (sizes[found.x] + sizes[found.y] - common)
    containment = common / np.minimum(sizes[found.x], sizes[found.y])
    names = [sorted((labels.ids[x], labels.ids[y])) for x, y in zip(found.x, found.y, strict=True)]
    scores = zip(jaccard.tolist(), containment.tolist(), strict=True)
    return {(a, b): score for (a, b), score in zip(names, scores, strict=True)}


def test_the_join_finds_exactly_the_labelled_pairs(labelled: Labelled) -> None:
    found = joined(labelled, Thresholds(0.3, 0.7))
    assert found.keys() == labelled.scores.keys()
    # Labels are rounded to four places, and 21 pairs of carbon pages were labelled on a slightly different text.
    near = [pair for pair, label in labelled.scores.items() if found[pair] == pytest.approx(label, abs=1e-4)]
    assert len(near) >= len(found) - (21 if labelled.name == "carbon_policy" else 0)


def test_the_default_thresholds_find_exactly_the_labelled_pairs_at_them(labelled: Labelled) -> None:
    at_least = {pair for pair, (jaccard, share) in labelled.scores.items() if jaccard >= 0.4 or share >= 0.8}
    assert joined(labelled, Thresholds()).keys() == at_least
