"""Settings of supervised fine-tuning; the defaults are those for a GPU."""

from pydantic import BaseModel, ConfigDict, Field

from tasks.verl.config import Attention, Device


class SftConfig(BaseModel):
    """How a model is taught to answer in steps, by verl's SFT trainer with LoRA."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: Device = Field("cuda", description="On `cpu` the settings of on_cpu.yaml are laid over.")
    gpus: int = Field(1, ge=1, le=64, description="GPUs that one training uses; the CPU ignores it.")
    lora_rank: int = Field(32, ge=1, le=512, description="Rank of the LoRA adapter, on all linear layers.")
    lora_alpha: int = Field(32, ge=1, le=1024, description="Scale of the LoRA adapter, over its rank.")
    learning_rate: float = Field(1e-4, gt=0, le=0.1, description="Peak of the cosine schedule.")
    epochs: int = Field(2, ge=1, le=1000, description="Times that every exercise is seen.")
    max_steps: int | None = Field(
        None, ge=1, description="Training steps at most; without it, all of the epochs."
    )
    batch_size: int = Field(64, ge=1, le=4096, description="Exercises in a training step, over all GPUs.")
    micro_batch_size: int = Field(
        4,
        ge=1,
        le=256,
        description="Exercises at once on the CPU; on a GPU as many as fit in `device_tokens`.",
    )
    device_tokens: int = Field(16_384, ge=256, description="Tokens at once on a GPU.")
    max_length: int = Field(
        2048,
        ge=64,
        le=131_072,
        description="Tokens of an exercise with its solution; what is longer is cut on the right.",
    )
    attention: Attention = Field(
        "sdpa",
        description="PyTorch's own attention, over padded rows. flash_attention_2 also leaves the padding out; its "
        "package has no wheels, so it is not in the verl environment: install it there by hand first.",
    )
    liger: bool = Field(True, description="Use Liger's fused kernels; the CPU has none.")
    save_steps: int = Field(100, ge=1, description="Training steps between checkpoints.")
    eval_steps: int = Field(100, ge=1, description="Training steps between losses on the held-out exercises.")
    seed: int = Field(42, ge=0, description="Of the adapter's start and the order of exercises.")
    hours: float = Field(48, gt=0, le=1000, description="Time limit of the training.")

    def total_steps(self, exercises: int, held_out: int) -> int:
        """Training steps over that many exercises; a batch that is not full is left out.

        Raises:
            ValueError: there are fewer exercises, to learn from or held out, than one batch.
        """
        if min(exercises, held_out) < self.batch_size:
            raise ValueError(
                f"there are {exercises} exercises to learn from and {held_out} held out, wanted at least a batch of "
                f"{self.batch_size} of both: draw more exercises or take a smaller batch_size"
            )
        whole = exercises // self.batch_size * self.epochs
        return min(whole, self.max_steps or whole)
