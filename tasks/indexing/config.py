"""Settings of the indexing stage."""

from pydantic import BaseModel, ConfigDict, Field

from tasks.retrieval.config import EmbedConfig, Embedding, SearchConfig, TokenConfig


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


class IndexConfig(BaseModel):
    """Everything that decides what an index of a given corpus holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passages: PassageConfig = PassageConfig()
    tokens: TokenConfig = TokenConfig()
    embedding: Embedding = EmbedConfig()
    search: SearchConfig = SearchConfig()
