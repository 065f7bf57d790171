"""Settings of reinforcement by GRPO; the defaults are those for a GPU."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.verl.config import Attention, Device


class RewardWeights(BaseModel):
    """How much each part of the reward counts; a part earns from 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: float = Field(
        0.5, ge=0, le=10, description="The response has the form of steps and one boxed answer."
    )
    answer: float = Field(1.0, ge=0, le=10, description="The boxed answer is right.")
    process: float = Field(
        1.0, ge=0, le=10, description="The steps are right. Nobody judges them yet: earns nothing."
    )


class GrpoConfig(BaseModel):
    """How a model is reinforced on exercises whose answers can be checked, by verl's PPO trainer with LoRA."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: Device = Field("cuda", description="On `cpu` the settings of on_cpu.yaml are laid over.")
    gpus: int = Field(1, ge=1, le=64, description="GPUs that one training uses; the CPU ignores it.")
    tensor_parallel: int = Field(1, ge=1, le=64, description="GPUs over which vLLM splits the model.")
    gpu_memory: float = Field(0.5, gt=0, lt=1, description="Share of a GPU's memory that vLLM may take.")
    rewards: RewardWeights = Field(RewardWeights(), description="How much each part of the reward counts.")
    lora_rank: int = Field(32, ge=1, le=512, description="Rank of the LoRA adapter, on all linear layers.")
    lora_alpha: int = Field(32, ge=1, le=1024, description="Scale of the LoRA adapter, over its rank.")
    learning_rate: float = Field(3e-6, gt=0, le=0.1, description="Constant.")
    kl: float = Field(0.001, ge=0, le=10, description="Weight of the distance from the start, low_var_kl.")
    samples: int = Field(
        4, ge=2, le=256, description="Responses to each question; they are compared with each other."
    )
    temperature: float = Field(1.0, gt=0, le=5, description="Of sampling.")
    epochs: int = Field(1, ge=1, le=1000, description="Times that every exercise is asked.")
    max_steps: int | None = Field(
        None, ge=1, description="Training steps at most; without it, all of the epochs."
    )
    batch_size: int = Field(64, ge=1, le=4096, description="Questions in a training step, over all GPUs.")
    mini_batch_size: int = Field(32, ge=1, le=4096, description="Questions in one update of the weights.")
    micro_batch_size: int = Field(
        8,
        ge=1,
        le=256,
        description="Responses at once on the CPU; on a GPU as many as fit in `device_tokens`.",
    )
    device_tokens: int = Field(12_288, ge=256, description="Tokens at once on a GPU.")
    prompt_tokens: int = Field(
        512, ge=16, le=131_072, description="Tokens of a question; longer ones are cut."
    )
    response_tokens: int = Field(1024, ge=16, le=131_072, description="Tokens of a response.")
    attention: Attention = Field(
        "sdpa",
        description="PyTorch's own attention, over padded rows. flash_attention_2 also leaves the padding out; its "
        "package has no wheels, so it is not in the verl environment: install it there by hand first.",
    )
    liger: bool = Field(True, description="Use Liger's fused kernels; the CPU has none.")
    save_steps: int = Field(20, ge=1, description="Training steps between checkpoints.")
    eval_steps: int = Field(20, ge=1, description="Training steps between rewards on held-out exercises.")
    validation: int = Field(
        100, ge=1, le=100_000, description="Held-out exercises at most that are asked then."
    )
    seed: int = Field(
        42, ge=0, description="Of the adapter's start, the order of exercises and the sampling."
    )
    hours: float = Field(96, gt=0, le=1000, description="Time limit of the training.")

    @model_validator(mode="after")
    def _fits(self) -> "GrpoConfig":
        if self.batch_size % self.mini_batch_size:
            raise ValueError(
                f"batch_size {self.batch_size} is not a multiple of mini_batch_size {self.mini_batch_size}; change one"
            )
        return self

    def total_steps(self, exercises: int) -> int:
        """Training steps over that many exercises; a batch that is not full is left out.

        Raises:
            ValueError: there are fewer exercises than one batch.
        """
        if exercises < self.batch_size:
            raise ValueError(
                f"there are {exercises} exercises to learn from, wanted at least a batch of {self.batch_size}: "
                "draw more exercises or take a smaller batch_size"
            )
        whole = exercises // self.batch_size * self.epochs
        return min(whole, self.max_steps or whole)
