"""Settings of the release stage: what is quantised, how it is served and stressed; a GPU's values by default."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Engine = Literal["llama", "vllm"]
Quantisation = Literal["f16", "Q8_0", "Q4_K_M"]

QUANTISATIONS: tuple[Quantisation, ...] = ("f16", "Q8_0", "Q4_K_M")


class ServingConfig(BaseModel):
    """One OpenAI-compatible server on loopback."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Engine = Field(
        "vllm", description="vllm serves the merged model, llama (llama-server) a GGUF file."
    )
    device: Literal["cuda", "cpu"] = Field("cuda", description="Where the server computes.")
    quantisation: Quantisation = Field("Q4_K_M", description="Which GGUF file llama-server serves.")
    context: int = Field(4096, ge=128, le=131072, description="Tokens of one conversation, answer included.")
    slots: int = Field(16, ge=1, le=1024, description="Conversations answered at the same time.")
    threads: int = Field(2, ge=1, le=256, description="Threads of a server that computes on the CPU.")
    tensor_parallel: int = Field(1, ge=1, le=64, description="GPUs that share a model in vLLM.")
    gpu_memory_utilization: float = Field(
        0.7, gt=0, le=1, description="Share of the GPU memory vLLM may take."
    )
    tensor_split: tuple[float, ...] = Field(
        (),
        description="Shares of the model on each GPU in llama-server (-ts); empty leaves it to the server.",
    )
    cpu_cache_gib: int = Field(
        1, ge=1, le=512, description="Memory for vLLM's key-value cache on the CPU, GiB."
    )
    ready_minutes: float = Field(
        15, gt=0, le=240, description="A server that is not ready by then has failed."
    )
    port: int = Field(8800, ge=0, le=65535, description="Port of serve-model; 0 takes any free one.")
    restarts: int = Field(3, ge=0, le=100, description="How often serve-model starts a crashed server again.")
    check_seconds: float = Field(
        15, ge=1, le=600, description="Seconds between two health checks of serve-model."
    )

    @model_validator(mode="after")
    def _shares_are_positive(self) -> Self:
        if any(share < 0 for share in self.tensor_split) or (
            self.tensor_split and not sum(self.tensor_split)
        ):
            raise ValueError(f"tensor_split is {self.tensor_split}, wanted shares of which one is above 0")
        return self


class StressConfig(BaseModel):
    """The load of EvalScope's stress test: for each number of parallel requests, how many are sent in all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parallel: tuple[int, ...] = Field(
        (1, 10, 50, 100, 200), description="Requests under way at the same time."
    )
    number: tuple[int, ...] = Field((10, 20, 100, 200, 400), description="Requests in all at each level.")
    max_tokens: int = Field(256, ge=1, le=8192, description="Length of an answer in tokens.")
    fixed_length: bool = Field(
        True, description="Every answer has exactly that length, so that runs compare."
    )
    max_failed: float = Field(
        0.0, ge=0, le=1, description="The share of failed requests that is still accepted."
    )
    seed: int = Field(7, ge=0, description="Seed of the sampling.")

    @model_validator(mode="after")
    def _levels_match(self) -> Self:
        if not self.parallel or len(self.parallel) != len(self.number):
            raise ValueError(
                f"parallel has {len(self.parallel)} levels and number {len(self.number)}; wanted as many of each, "
                "at least one"
            )
        if min(*self.parallel, *self.number) < 1:
            raise ValueError(f"parallel {self.parallel} and number {self.number} must be 1 or more")
        return self


class GgufConfig(BaseModel):
    """How a model becomes GGUF files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    visible_tokens: tuple[str, ...] = Field(
        ("<|box_start|>", "<|box_end|>"),
        description="Special tokens that are part of an answer, so that servers must show them.",
    )
    licence: str = Field("Apache-2.0", description="Licence of the released weights; that of the base model.")
    context: int = Field(
        4096, ge=128, le=131072, description="Tokens of a conversation in Ollama, at most those of the model."
    )
    max_fallback: float = Field(
        0.05,
        ge=0,
        le=1,
        description="The share of weights that may have another type than the file's name says, since their rows "
        "do not fit it.",
    )
    max_difference: float = Field(
        0.05,
        gt=0,
        le=5,
        description="How far log-probabilities of the f16 file may be from the model's, in nats.",
    )


class ReleaseConfig(BaseModel):
    """What a release holds and proves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gguf: GgufConfig = GgufConfig()
    engines: tuple[Engine, ...] = Field(
        ("llama", "vllm"), min_length=1, description="The servers that are started and stressed."
    )
    serving: ServingConfig = ServingConfig()
    stress: StressConfig = StressConfig()
