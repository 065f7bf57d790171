"""Settings of the exercises that reasoners learn from and are examined on."""

from pydantic import BaseModel, ConfigDict, Field

from datasets_registry.sample.exercises.draw import MOST


class ExerciseConfig(BaseModel):
    """How many exercises are drawn, and how many of them are never trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(
        500,
        ge=20,
        le=MOST,
        description="Exercises in all: about half calculations, a third choices, the rest facts of the sample corpus.",
    )
    held_out: int = Field(
        100,
        ge=5,
        le=MOST // 2,
        description="How many of them are held out for the examination; fewer than in all.",
    )
    seed: int = Field(20261121, description="Which exercises are drawn; equal seeds give equal exercises.")
