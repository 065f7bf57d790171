"""How texts and queries become tokens and vectors, and how the two rankings are mixed.

These settings belong to the index as much as its matrices do: the manifest carries them, and a query is
always treated as the corpus was.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from datasets_registry.artifact import SHA256


class TokenConfig(BaseModel):
    """How text is cut into the words that BM25 counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Literal["rjieba", "jieba"] = Field(
        "rjieba", description="Segmenter of Han runs; both give equal tokens, rjieba about six times faster."
    )
    finance_words: bool = Field(True, description="Load the finance dictionary into the segmenter.")
    keep_digits: bool = Field(True, description="Keep tokens that are bare numbers, such as 2024 or 3.5%.")


class EmbedConfig(BaseModel):
    """Text is turned into a unit vector by character hashing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["hash"] = Field("hash", description="Character hashing: no model, no fit, any machine.")
    dimensions: int = Field(1024, ge=64, le=8192, description="Length of a vector.")


class EncodeConfig(BaseModel):
    """How a Qwen3-Embedding model is given text: alike in training, for passages and for queries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instruction: str = Field(
        "给定一个金融问题，检索能够回答该问题的文档段落",
        max_length=500,
        description="What queries are for, sent as `Instruct: ...\\nQuery:...`; empty sends the bare query.",
    )
    max_tokens: int = Field(512, ge=16, le=32_768, description="Tokens of a text that the model reads.")

    def query_text(self, query: str) -> str:
        """A query as the model wants it (source: the model card of Qwen3-Embedding); passages are sent as they are."""
        return f"Instruct: {self.instruction}\nQuery:{query}" if self.instruction else query


class ModelEmbedding(EncodeConfig):
    """Text is turned into a unit vector by a model: which one, and how it is given text."""

    kind: Literal["model"] = Field("model", description="A Qwen3-Embedding model of the artifact store.")
    model_sha256: str = Field(pattern=SHA256, description="The model's artifact.")
    dimensions: int = Field(ge=8, le=8192, description="Length of a vector: the model's hidden size.")


Embedding = Annotated[EmbedConfig | ModelEmbedding, Field(discriminator="kind")]
"""How an index was embedded, as its manifest says."""


class SearchConfig(BaseModel):
    """How passages are scored and how the two legs are mixed, tuned on development queries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Literal["auto", "bm25s"] = Field(
        "auto", description="Sparse engine; auto takes the best one installed."
    )
    k1: float = Field(0.9, ge=0, le=10, description="BM25: how slowly repeated words stop counting.")
    b: float = Field(0.4, ge=0, le=1, description="BM25: how much long passages are held back.")
    tf_cap: int = Field(0, ge=0, description="Count a word at most this often in a passage; 0 counts all.")
    term_boost: float = Field(
        1.0, ge=0.1, le=10, description="Factor on the score of finance dictionary words."
    )
    faiss: Literal["auto", "flat", "sq8"] = Field(
        "auto", description="Dense index: exact, 8-bit, or exact up to `flat_up_to` vectors and 8-bit above."
    )
    flat_up_to: int = Field(
        20_000, ge=1, description="With faiss auto, the most vectors that are kept exact."
    )
    alpha: float = Field(0.6, ge=0, le=1, description="Weight of BM25 in hybrid search; the rest is dense.")
    fusion: Literal["minmax", "rrf"] = Field(
        "minmax", description="Mix min-max normalised scores, or reciprocal ranks."
    )
    pool: int = Field(
        100, ge=1, le=10_000, description="Documents that each leg contributes to hybrid search."
    )
