"""verl's rollout for machines without a GPU: one Ray actor that samples with transformers' `generate`.

verl imports this in the driver and in every worker where `VERL_USE_EXTERNAL_MODULES` names it; it registers itself as
`actor_rollout_ref.rollout.name=hf_cpu` (public plug points of verl 0.9: `workers/rollout/replica.py` and `base.py`).
For small models: weights travel whole through Ray's object store. Which requests meet in one batch depends on when they
arrive, so equal seeds do not give equal samples.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass

import ray
import torch
from transformers import AutoModelForCausalLM, GenerationConfig
from verl.workers.rollout.base import _ROLLOUT_REGISTRY, BaseRollout
from verl.workers.rollout.replica import RolloutReplica, RolloutReplicaRegistry, TokenOutput
from verl.workers.rollout.utils import ensure_async_iterator

NAME = "hf_cpu"
GATHER_SECONDS = 0.05
"""How long the first request of a batch waits for others."""
CONCURRENT_CALLS = 2000

Sampling = Mapping[str, float | int | bool | None]


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt that waits for its turn: token ids, how to sample, how long, and where the answer goes."""

    prompt: list[int]
    temperature: float
    top_p: float
    top_k: int
    max_tokens: int
    answer: "asyncio.Future[TokenOutput]"

    @property
    def group(self) -> tuple[float, float, int]:
        """Requests of one group can be sampled together."""
        return self.temperature, self.top_p, self.top_k


class HfServer:
    """A model, and the requests that wait for it. Runs as a Ray actor; `generate` calls overlap and form batches."""

    def __init__(self, model: str, prompt_length: int, response_length: int, seed: int) -> None:
        torch.manual_seed(seed)
        self._model = AutoModelForCausalLM.from_pretrained(
            model, dtype=torch.float32, local_files_only=True
        ).eval()
        self._prompt_length, self._response_length = prompt_length, response_length
        self._waiting: list[Request] = []
        self._turn = asyncio.Lock()
        self._step: int | None = None

    async def generate(
        self, prompt_ids: list[int], sampling_params: Sampling, request_id: str, **media: object
    ) -> TokenOutput:
        """Sample one response; tokens in, tokens out. The media of other models' prompts are always None here."""
        room = self._prompt_length + self._response_length - len(prompt_ids)
        limit = sampling_params.get("max_tokens") or min(self._response_length, room)
        request = Request(
            prompt=list(prompt_ids),
            temperature=float(sampling_params.get("temperature") or 0.0),
            top_p=float(sampling_params.get("top_p") or 1.0),
            top_k=max(0, int(sampling_params.get("top_k") or 0)),
            max_tokens=max(1, int(limit)),
            answer=asyncio.get_running_loop().create_future(),
        )
        self._waiting.append(request)
        await asyncio.sleep(GATHER_SECONDS)
        async with self._turn:
            await self._serve_waiting()
        return await request.answer

    async def load_weights(self, weights: dict[str, torch.Tensor], step: int | None) -> None:
        """Take new weights, by their names in the model; those that are tied to others may be left out."""
        async with self._turn:
            missing, unknown = self._model.load_state_dict(weights, strict=False)
            self._model.tie_weights()
            untied = set(missing) - set(self._model.all_tied_weights_keys)
            if unknown or untied:
                raise KeyError(
                    f"the trainer sent weights {sorted(unknown)[:3]} that the model does not have and left out "
                    f"{sorted(untied)[:3]}; wanted all of its own"
                )
            self._step = step

    async def _serve_waiting(self) -> None:
        """Answer every request that waits; the calls that come after find nothing left to do."""
        taken, self._waiting = self._waiting, []
        for group in sorted({request.group for request in taken}):
            batch = [request for request in taken if request.group == group]
            outputs = await asyncio.to_thread(self._sample, batch)
            for request, output in zip(batch, outputs, strict=True):
                request.answer.set_result(output)

    def _sample(self, batch: list[Request]) -> list[TokenOutput]:
        """One call of `generate` for requests of one group, their prompts padded on the left."""
        own, first = self._model.generation_config, batch[0]
        width = max(len(request.prompt) for request in batch)
        ids = torch.full((len(batch), width), own.pad_token_id)
        for row, request in enumerate(batch):
            ids[row, width - len(request.prompt) :] = torch.tensor(request.prompt)
        mask = torch.tensor([[0] * (width - len(r.prompt)) + [1] * len(r.prompt) for r in batch])
        sampled = {
            "do_sample": True,
            "temperature": first.temperature,
            "top_p": first.top_p,
            "top_k": first.top_k,
        }
        settings = GenerationConfig(
            max_new_tokens=max(request.max_tokens for request in batch),
            eos_token_id=own.eos_token_id,
            pad_token_id=own.pad_token_id,
            return_dict_in_generate=True,
            output_scores=True,
            **(sampled if first.temperature > 0 else {"do_sample": False}),
        )
        with torch.inference_mode():
            found = self._model.generate(input_ids=ids, attention_mask=mask, generation_config=settings)
        log_probs = self._model.compute_transition_scores(
            found.sequences, found.scores, normalize_logits=True
        )
        rows = zip(batch, found.sequences[:, width:].tolist(), log_probs.tolist(), strict=True)
        return [self._output(request, tokens, values) for request, tokens, values in rows]

    def _output(self, request: Request, tokens: list[int], log_probs: list[float]) -> TokenOutput:
        """A response up to its first end token, which belongs to it, or to its own limit."""
        ends = self._model.generation_config.eos_token_id
        ends = {ends} if isinstance(ends, int) else set(ends)
        end = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
        size = min(end + 1, request.max_tokens)
        return TokenOutput(
            token_ids=tokens[:size],
            log_probs=log_probs[:size],
            stop_reason="completed",
            extra_fields={"global_steps": self._step},
        )


async def _nothing(self: object, *args: object, **options: object) -> None:
    """There is no cache to free, no device memory to give back and nothing to profile."""


class HfReplica(RolloutReplica):  # type: ignore[misc]  # verl has no types
    """Starts the one server of a replica."""

    wake_up = sleep = clear_kv_cache = release_kv_cache = resume_kv_cache = _nothing
    abort_all_requests = resume_generation = start_profile = stop_profile = _nothing

    async def launch_servers(self) -> None:
        """Start the actor under the name by which `HfAdapter` finds it."""
        self._server_address = f"{NAME}_server_{self.replica_rank}_0"
        options = {"name": self._server_address, "max_concurrency": CONCURRENT_CALLS, "num_cpus": 1}
        self._server_handle = (
            ray.remote(HfServer)
            .options(**options)
            .remote(
                str(self.model_config.path),
                self.config.prompt_length,
                self.config.response_length,
                self.config.seed + self.replica_rank,
            )
        )
        self.servers = [self._server_handle]


class HfAdapter(BaseRollout):  # type: ignore[misc]  # verl has no types
    """The trainer's side: hands new weights to the server of its replica."""

    resume = release = _nothing

    async def update_weights(
        self,
        weights: Iterator[tuple[str, torch.Tensor]] | AsyncIterator[tuple[str, torch.Tensor]],
        global_steps: int | None = None,
        **options: object,
    ) -> None:
        """Send full tensors by name; with `lora.merge=True` verl has merged the adapter into them."""
        named = {name: tensor.detach().cpu() async for name, tensor in ensure_async_iterator(weights)}
        server = ray.get_actor(f"{NAME}_server_{torch.distributed.get_rank()}_0")
        await server.load_weights.remote(named, global_steps)


RolloutReplicaRegistry.register(NAME, lambda: HfReplica)
_ROLLOUT_REGISTRY[(NAME, "async")] = f"{__name__}.{HfAdapter.__name__}"
