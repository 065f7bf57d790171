"""Settings of the contexts stage."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ContextConfig(BaseModel):
    """Which documents count as related to one, and when two of them say the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    related: int = Field(5, ge=1, le=100, description="Related documents of each document, at most.")
    pool: int = Field(
        20, ge=1, le=1000, description="Documents that search proposes, of which the related are chosen."
    )
    method: Literal["bm25", "dense", "hybrid"] = Field("hybrid", description="How they are searched.")
    query_characters: int = Field(
        200, ge=10, le=2000, description="A document asks by its title and so much of its beginning."
    )
    least_share: float = Field(
        0.3,
        ge=0,
        le=1,
        description="What scores below this share of the best proposal is too little alike and left out.",
    )
    as_of: bool = Field(True, description="A dated document only sees what was published by its own day.")
    jaccard_threshold: float = Field(
        0.4, gt=0, le=1, description="Related documents this alike by character 3-grams say the same."
    )
    containment_threshold: float = Field(
        0.8, gt=0, le=1, description="So do two of which the smaller stands in the other by this share."
    )
    phrase_len: int = Field(8, ge=2, le=100, description="Characters of a phrase.")
    phrase_overlap: int = Field(5, ge=1, description="Phrases of another that cover a document, at least.")
    phrase_coverage: float = Field(0.5, ge=0, le=1, description="The share of it that they must cover.")
