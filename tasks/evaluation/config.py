"""Settings of the evaluation stage."""

from typing import Literal

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


class ExaminedModel(BaseModel):
    """A model of the examination and what it is called in the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(
        pattern=r"^[\w+.\- ]{1,40}$", description="Name of the row: letters, digits, +, -, . and spaces."
    )
    model: str = Field(description="The name under which a model is in force, or the sha256 of one.")


class ModelEvalConfig(BaseModel):
    """How models are examined on the exercises that none of them was trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: Literal["cuda", "cpu"] = Field("cuda", description="What the models run on.")
    batch: int = Field(32, ge=1, le=512, description="Questions that are answered at once.")
    max_new_tokens: int = Field(1024, ge=16, le=8192, description="Tokens after which an answer is cut off.")
    limit: int | None = Field(
        None,
        ge=1,
        description="How many exercises are asked, the first ones; all of those held out if not set.",
    )
