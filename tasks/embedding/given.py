"""Vectors that were made elsewhere: JSON lines of a document's id and its embedding, read once and stored by content.

The form is that of `all_data_clean_embedding.jsonl`: a row a document, `{"id", "embedding": [numbers], ...}`, whatever
else stands in it. Every passage of a document takes its document's vector.
"""

import hashlib
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from datasets_registry.artifact import Stored
from tasks.retrieval.config import ModelEmbedding, UrlEmbedding
from tasks.retrieval.dense import decode_vectors, encode_vectors
from tasks.runtime.parts import Inputs, Part, decode_rows, encode_rows
from tasks.text.lines import bounded_lines

LINES = 4096
"""Lines of which one file each of ids, vectors and what is in quarantine is made."""
LONGEST_LINE = 16 << 20
"""Bytes of a line; a longer one is quarantined without being held in memory."""
SHOWN = 3
"""Documents that an error names."""

IDS, VECTORS, QUARANTINED, SUMMARY = "ids", "vectors", "quarantined", "summary.json"


class BadVectors(ValueError):
    """Given vectors cannot be used: none could be read, a document has none, or they are of another model."""


class GivenSummary(Stored):
    """`summary.json` of given vectors: `lines == vectors + sum(quarantined)`, empty lines not counted."""

    lines: int = Field(ge=1)
    vectors: int = Field(ge=1)
    dimensions: int = Field(ge=1)
    quarantined: dict[str, int]


class Placing(BaseModel):
    """How given vectors become those of passages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dimensions: int = Field(ge=1, description="Length of a vector.")


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A line as it was read: the document and its unit vector, or the reason why it is in quarantine."""

    line: int
    id: str = ""
    vector: NDArray[np.float32] | None = None
    reason: str = ""


@dataclass(slots=True)
class GivenReader:
    """Reads a file of vectors line by line; the first one that is right says how long all are.

    `counts`: how many lines were read, by reason; "" is a vector.
    """

    path: Path
    dimensions: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    _seen: set[bytes] = field(default_factory=set)

    def parts(self) -> Iterator[dict[str, Part]]:
        """The parts `ids`, `vectors` and `quarantined` of every 4,096 lines, in order.

        Raises:
            BadVectors: the file cannot be read, or holds no vector.
        """
        try:
            with self.path.open("rb") as source:
                rows = self._rows(source)
                while some := list(islice(rows, LINES)):
                    yield self._encoded(some)
        except OSError as error:
            raise BadVectors(f"vectors {self.path} cannot be read: {error.strerror}; name a file") from error
        if not self.counts[""]:
            raise BadVectors(
                f"{self.path} holds {self.counts.total()} lines and no vector ({_listed(self.quarantined)}); wanted "
                'JSON lines of {"id": ..., "embedding": [numbers]}, one a document'
            )

    @property
    def quarantined(self) -> dict[str, int]:
        """How many lines were not taken, by reason."""
        return {reason: count for reason, count in sorted(self.counts.items()) if reason}

    def summary(self) -> GivenSummary:
        """The accounts of what was read."""
        return GivenSummary(
            lines=self.counts.total(),
            vectors=self.counts[""],
            dimensions=self.dimensions,
            quarantined=self.quarantined,
        )

    def _rows(self, source: BinaryIO) -> Iterator[GivenRow]:
        """Every line that is not empty, one at a time."""
        for number, line in enumerate(bounded_lines(source, LONGEST_LINE), start=1):
            if line is None or line.strip():
                row = self._row(number, line)
                self.counts[row.reason] += 1
                yield row

    def _encoded(self, rows: Sequence[GivenRow]) -> dict[str, Part]:
        good = [row.vector for row in rows if row.vector is not None]
        vectors = np.stack(good) if good else np.zeros((0, self.dimensions), np.float32)
        bad = [
            {"file": self.path.name, "line": row.line, "id": row.id or None, "reason": row.reason}
            for row in rows
            if row.reason
        ]
        return {
            IDS: encode_rows({"id": row.id} for row in rows if not row.reason),
            VECTORS: Part(encode_vectors(vectors), len(vectors), "npy"),
            QUARANTINED: encode_rows(bad),
        }

    def _row(self, number: int, line: bytes | None) -> GivenRow:
        """One line; of two rows with one id the first is taken."""
        if line is None:
            return GivenRow(number, reason="line_too_long")
        found = read_row(line)
        if isinstance(found, str):
            return GivenRow(number, reason=found)
        name, vector = found
        self.dimensions = self.dimensions or len(vector)
        if len(vector) != self.dimensions:
            return GivenRow(number, name, reason="other_dimensions")
        mark = hashlib.blake2b(name.encode(), digest_size=16).digest()
        if mark in self._seen:
            return GivenRow(number, name, reason="duplicate_id")
        self._seen.add(mark)
        return GivenRow(number, name, vector)


def read_row(line: bytes) -> tuple[str, NDArray[np.float32]] | str:
    """The id and unit vector of a line, or one of the reasons `invalid_json`, `not_an_object`, `no_id`, `no_embedding`,
    `not_numbers`, `zero_vector`; JSON has no infinite numbers.
    """
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "invalid_json"
    if not isinstance(row, dict):
        return "not_an_object"
    name, given = row.get("id"), row.get("embedding")
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        return "no_id"
    if not isinstance(given, list) or not given:
        return "no_embedding"
    if not {float, int}.issuperset(map(type, given)):
        return "not_numbers"
    vector = np.array(given, np.float64)
    largest = float(np.abs(vector).max())
    if largest == 0:
        return "zero_vector"
    vector /= largest  # so that no square is too large
    return str(name), np.asarray(vector / np.linalg.norm(vector), np.float32)


def require_all(wanted: Iterable[Iterable[str]], places: Container[str], summary: GivenSummary) -> None:
    """Raise `BadVectors` where a document that is to be searched has no vector, by which it would never be found.

    `wanted`: the documents of every file of passages; `places` knows those that have a vector.
    """
    names = dict.fromkeys(name for some in wanted for name in some)
    missing = [name for name in names if name not in places]
    if missing:
        raise BadVectors(
            f"{len(missing)} of {len(names)} documents of the corpus have no vector, such as "
            f"{', '.join(map(repr, missing[:SHOWN]))}; {summary.vectors} of {summary.lines} lines of the file were "
            f"taken ({_listed(summary.quarantined)} quarantined): add the missing rows to the file and give it again"
        )


def require_alike(dimensions: int, queries: UrlEmbedding | ModelEmbedding) -> None:
    """Raise `BadVectors` unless given vectors are as long as those of what embeds the queries."""
    if dimensions != queries.dimensions:
        model = queries.model if isinstance(queries, UrlEmbedding) else queries.model_sha256[:12]
        raise BadVectors(
            f"the given vectors have {dimensions} dimensions, model {model} gives {queries.dimensions} to queries; "
            "name the model that made the vectors, with its dimensions"
        )


def placed_shard(inputs: Inputs, config: Placing) -> dict[str, Part]:
    """Part `vectors`: a float16 matrix in `.npy` bytes, one row a passage: the vector of its first parent.

    Inputs are a file of passages, then pairs of files of ids and vectors in which all their documents are.
    """
    parents = [_document(row) for row in decode_rows(inputs[0])]
    wanted: dict[str, list[int]] = {}
    for place, parent in enumerate(parents):
        wanted.setdefault(parent, []).append(place)
    rows = np.zeros((len(parents), config.dimensions), np.float32)
    for pair in range(1, len(inputs), 2):
        vectors = decode_vectors(inputs[pair + 1])
        for name, vector in zip(ids_of(inputs[pair]), vectors, strict=True):
            if name in wanted:
                rows[wanted[name]] = vector
    return {"vectors": Part(encode_vectors(rows), len(rows), "npy")}


def documents_of(passages: bytes) -> dict[str, None]:
    """The documents of a file of passages, in order."""
    return dict.fromkeys(_document(row) for row in decode_rows(passages))


def ids_of(data: bytes) -> list[str]:
    """The documents of a file of ids."""
    return [str(row["id"]) for row in decode_rows(data)]


def _document(passage: Mapping[str, object]) -> str:
    parents = passage["parents"]
    assert isinstance(parents, Sequence), "a passage has the documents that it stands in"
    return str(parents[0])


def _listed(quarantined: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in quarantined.items()) or "none"
