"""Settings of the corpus stage."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Rule = Literal["node_id", "invisible", "html", "footer", "finance_spam", "navigation", "whitespace"]


class CleaningConfig(BaseModel):
    """Which cleaning rules run; each edit in the result names its rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    skip: tuple[Rule, ...] = Field(default=(), description="Rules that do not run.")
    menu_items: int = Field(
        default=4,
        ge=2,
        description="Fewest site menu entries in a row that are taken for a menu and removed.",
    )


class QualityConfig(BaseModel):
    """What a cleaned text must be to stay in the corpus."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_characters: int = Field(default=100, ge=0, description="Shortest text that is kept, in characters.")
    min_chinese_share: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Smallest share of Chinese among the characters that are not white space.",
    )
    min_finance_words: int = Field(
        default=2,
        ge=0,
        description="Fewest different finance words in a text that is not long enough to be excused.",
    )
    excused_characters: int = Field(
        default=500, ge=0, description="A text of more characters than this needs no finance words."
    )


class ReadingConfig(BaseModel):
    """How input files are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_line_megabytes: int = Field(
        16, ge=1, le=1024, description="A longer line is quarantined without being held in memory."
    )
    rows_per_shard: int = Field(
        4000,
        ge=10,
        le=100_000,
        description="Rows of one shard; shards are the unit of parallel work and of resuming.",
    )
