"""Settings of deduplication; the thresholds are the user's."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class DedupConfig(BaseModel):
    """Which texts count as repeats of each other, and which of them stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Literal["exact", "simhash", "minhash"] = Field(
        "exact",
        description="How pairs are found: exact misses none; simhash and minhash are faster and miss some. "
        "A pair counts only after its real overlap was measured, whatever found it.",
    )
    simhash_threshold: int = Field(
        8, ge=0, le=16, description="Texts whose SimHash differs in so many of 64 bits at most are alike."
    )
    jaccard_threshold: float = Field(
        0.4, gt=0, le=1, description="Share of character 3-grams in common, of those of both texts together."
    )
    containment_threshold: float = Field(
        0.8, gt=0, le=1, description="Share of the smaller text's 3-grams that stand in the larger."
    )
    phrase_overlap: int = Field(5, ge=1, description="Fewest phrases in common that do not overlap.")
    phrase_len: int = Field(8, ge=4, le=64, description="Characters of a phrase.")
    phrase_coverage: float = Field(
        0.5, ge=0, le=1, description="Share of a text that phrases of another must cover for it to go."
    )
    allow_literal_phrases: bool = Field(
        False,
        description="Allow phrase_coverage 0, with which one shared disclaimer removes most of a corpus.",
    )
    long_characters: int = Field(
        5000, ge=100, description="Longer texts share 3-grams by chance: their 8-grams must agree as well."
    )
    unequal: float = Field(
        5, ge=1, description="So must those of two texts of which one is so many times as long as the other."
    )
    guard: bool = Field(
        True,
        description="Texts that give different codes, dates, amounts or parties for one slot stay apart.",
    )
    family_policy: Literal["keep_distinct", "keep_k"] = Field(
        "keep_distinct",
        description="What the guard holds apart stays (keep_distinct), or only family_keep of each family (keep_k).",
    )
    family_keep: int = Field(1, ge=1, description="With keep_k: how many texts of a template family stay.")
    family_enough: int = Field(
        100,
        ge=1,
        description="With keep_distinct: a text that the guard holds apart from so many better-ranked ones stays.",
    )
    source_tiers: dict[str, int] = Field(
        default={},
        description="Trust tier of a source by its name, 0 the most trusted; sources not named are tier 100.",
    )
    block_texts: int = Field(4096, ge=1, le=65536, description="Texts of a block, the unit of work.")
    block_characters: int = Field(
        2_000_000, ge=1, description="Characters of a block; memory grows with them, results do not change."
    )
    compared_mib: int = Field(
        560,
        ge=1,
        description="MiB of better-ranked blocks that a block is compared with at once: the same holds for them.",
    )

    @property
    def holds_apart(self) -> bool:
        """Whether texts of one template with other values need not be compared: all of them stay."""
        return self.guard and self.family_policy == "keep_distinct"

    @model_validator(mode="after")
    def _literal_phrases_are_meant(self) -> Self:
        if self.phrase_coverage == 0 and not self.allow_literal_phrases:
            raise ValueError(
                "phrase_coverage is 0: five shared phrases anywhere would remove a text, and one disclaimer has five; "
                "set a share such as 0.5, or allow_literal_phrases if that is meant"
            )
        return self
