"""Whether a merged embedder may be used: it must embed as base and adapter together do, and not as the base alone."""

from pydantic import BaseModel, ConfigDict, Field

LARGEST = 1e-3
"""The most that a vector may differ, as one minus the cosine: rounding merged weights to bfloat16 costs less."""
SHARE = 0.1
"""The mean difference to base and adapter, at most as a share of that to the base alone."""


class NotProven(RuntimeError):
    """A merged model does not embed as it should; it was not published."""


class Distances(BaseModel):
    """Cosine distances over the probed texts."""

    model_config = ConfigDict(frozen=True)

    largest: float = Field(ge=0)
    mean: float = Field(ge=0)


class Proof(BaseModel):
    """`proof.json` of a merged model: how far its vectors are from base plus adapter, and from the base."""

    model_config = ConfigDict(frozen=True)

    texts: int = Field(ge=1)
    to_adapted: Distances
    to_base: Distances

    def require(self) -> None:
        """Raise `NotProven` unless the adapter is in the merged weights, whole."""
        if self.to_adapted.largest > LARGEST or self.to_adapted.mean >= SHARE * self.to_base.mean:
            raise NotProven(
                f"the merged embedder is {self.to_adapted.largest:.2g} (mean {self.to_adapted.mean:.2g}) from base "
                f"and adapter and {self.to_base.mean:.2g} from the base over {self.texts} texts, wanted at most "
                f"{LARGEST:g} and less than a tenth of the latter; merge again, or train longer"
            )
