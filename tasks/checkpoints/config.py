"""Settings of the base model that everything is trained from."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from datasets_registry.sample.generate import FULL_SIZE, SEED, SMALLEST

CPU_TINY = "cpu-tiny"
"""The name of the base model that finloom makes itself."""


class TinyConfig(BaseModel):
    """How the tiny base model is made; its width is fixed, so that every one of its tensors can be quantised."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(7, ge=0, description="Of the text, the weights and the order of reading.")
    documents: int = Field(
        1000, ge=SMALLEST, le=FULL_SIZE, description="Invented documents to draw the text from."
    )
    conversations: int = Field(9000, ge=0, le=50_000, description="Short conversations to add to the text.")
    vocabulary: int = Field(
        3072, ge=1024, le=16_384, multiple_of=64, description="Tokens, special ones included."
    )
    layers: int = Field(3, ge=1, le=12, description="Layers of the model.")
    context: int = Field(256, ge=64, le=2048, description="Tokens of a training row.")
    steps: int = Field(600, ge=1, le=100_000, description="Training steps.")
    batch: int = Field(8, ge=1, le=256, description="Rows in a step.")
    learning_rate: float = Field(5e-3, gt=0, le=0.1, description="Peak of the cosine schedule.")

    @field_validator("seed")
    @classmethod
    def _is_not_the_sample(cls, seed: int) -> int:
        if seed == SEED:
            raise ValueError(
                f"seed {SEED} is that of the shipped sample, whose facts the base must not know; take another"
            )
        return seed


class BaseConfig(BaseModel):
    """The model that training starts from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        "Qwen3-8B",
        description=f"A model of the catalog that `finloom data get` has fetched, or {CPU_TINY}, which is made here.",
    )
    tiny: TinyConfig = Field(TinyConfig(), description=f"How {CPU_TINY} is made; other models ignore it.")
