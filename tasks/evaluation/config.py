"""Settings of the evaluation stage."""

from pydantic import BaseModel, ConfigDict, Field


class RetrievalEvalConfig(BaseModel):
    """Which questions search is measured on when no query set is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    known_items: int = Field(
        200,
        ge=10,
        le=10_000,
        description="Without a query set: how many titles (or first sentences) are asked for their own document.",
    )
    seed: int = Field(20261121, description="Which documents are taken.")


class AnswerConfig(BaseModel):
    """The example questions that a run answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    examples: int = Field(
        3, ge=1, le=50, description="How many questions are answered, the first of the query set."
    )
    passages: int = Field(8, ge=1, le=50, description="How many documents an answer may rest on.")
