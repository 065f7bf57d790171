"""The generated sample as tests look at it."""

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Sample:
    """The generated files, parsed; `texts` holds every text row without its node id."""

    folder: Path
    rows: dict[str, dict[str, Any]]
    truth: dict[str, dict[str, Any]]
    questions: list[dict[str, Any]]
    texts: dict[str, str]

    def of_kind(self, *kinds: str) -> list[str]:
        """Ids of these kinds, in file order."""
        return [id for id, truth in self.truth.items() if truth["kind"] in kinds]


def read_sample(folder: Path) -> Sample:
    """Parse what `generate` wrote into `folder`."""
    rows = {row["id"]: row for row in _read(gzip.decompress((folder / "documents.jsonl.gz").read_bytes()))}
    texts = {}
    for id, row in rows.items():
        text = row.get("text") or row.get("contents")
        if isinstance(text, str):
            texts[id] = re.sub(r"^node id: \S+ text: ", "", text)
    truth = {row["id"]: row for row in _read((folder / "truth.jsonl").read_bytes())}
    return Sample(folder, rows, truth, _read((folder / "questions.jsonl").read_bytes()), texts)


def _read(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]
