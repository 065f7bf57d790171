"""Settings of deduplication."""

from pydantic import BaseModel, ConfigDict, Field


class DedupConfig(BaseModel):
    """Which of equal documents stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_tiers: dict[str, int] = Field(
        default={},
        description="Trust tier of a source by its name, 0 the most trusted; sources not named are tier 100.",
    )
