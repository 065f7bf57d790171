"""Settings of the embedding stage; the defaults are those for a GPU."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tasks.retrieval.config import EncodeConfig

Device = Literal["cuda", "cpu"]


class PairConfig(BaseModel):
    """Which pairs of query and passage the embedder learns from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passages_a_document: int = Field(
        2, ge=1, le=100, description="A document's title is paired with this many of its first passages."
    )
    negatives: int = Field(1, ge=1, le=20, description="Random passages of other documents in each pair.")
    most: int = Field(50_000, ge=1, le=5_000_000, description="Pairs at most, taken at random.")
    passage_characters: int = Field(
        2000, ge=20, le=20_000, description="Characters of a passage that a pair keeps."
    )
    seed: int = Field(20261121, description="Of which pairs and which negatives are taken.")


class EmbedderConfig(BaseModel):
    """How the embedder is fine-tuned by ms-swift with InfoNCE."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: Device = Field("cuda", description="On `cpu` the settings of on_cpu.yaml are laid over.")
    gpus: int = Field(1, ge=1, le=64, description="GPUs that one training uses; the CPU ignores it.")
    pairs: PairConfig = Field(PairConfig(), description="What it learns from.")
    encode: EncodeConfig = Field(EncodeConfig(), description="How the model is given text.")
    lora_rank: int = Field(8, ge=1, le=512, description="Rank of the LoRA adapter.")
    lora_alpha: int = Field(32, ge=1, le=1024, description="Scale of the LoRA adapter, over its rank.")
    target_modules: tuple[str, ...] = Field(
        ("q_proj", "v_proj", "o_proj"), min_length=1, description="Layers that get an adapter."
    )
    learning_rate: float = Field(6e-6, gt=0, le=0.1, description="Peak of the cosine schedule.")
    epochs: int = Field(5, ge=1, le=100, description="Times that every pair is seen.")
    batch_size: int = Field(8, ge=2, le=4096, description="Pairs in a batch of one device.")
    accumulation: int = Field(4, ge=1, le=1024, description="Batches in a training step.")
    temperature: float = Field(
        0.05, gt=0, le=10, description="InfoNCE: the smaller, the harder the contrast."
    )
    held_out_share: float = Field(0.05, ge=0, lt=0.5, description="Pairs kept for the loss in evaluation.")
    eval_steps: int = Field(100, ge=1, description="Training steps between evaluations.")
    save_steps: int = Field(500, ge=1, description="Training steps between checkpoints.")
    seed: int = Field(42, ge=0, description="Of the adapter's start and the order of pairs.")
    swanlab: Literal["off", "local", "cloud"] = Field(
        "off",
        description="Also log to SwanLab, which must be in the swift environment; its key: SWANLAB_API_KEY.",
    )
    hours: float = Field(48, gt=0, le=1000, description="Time limit of the training.")

    @property
    def devices(self) -> int:
        """How many processes compute, one a device."""
        return self.gpus if self.device == "cuda" else 1

    def total_steps(self, pairs: int) -> int:
        """Training steps over that many pairs, as ms-swift splits them and transformers' Trainer counts."""
        held_out = max(1, int(pairs * self.held_out_share)) if self.held_out_share else 0
        batches = -(-(pairs - held_out) // (self.batch_size * self.devices))
        return self.epochs * -(-batches // self.accumulation)
