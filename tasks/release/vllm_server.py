"""vLLM's OpenAI server over a Hugging Face folder: its command.

Started by module, since the CPU build carries no `vllm` distribution and its console script fails for that; the flags
are those of `vllm serve`.
"""

from pathlib import Path

from tasks.release.config import ServingConfig
from tasks.release.endpoint import LOOPBACK, Endpoint
from tasks.runtime.programs import Program

QUIET = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}


def vllm_program(model: Path, endpoint: Endpoint, serving: ServingConfig) -> Program:
    """The server of one model folder; the key goes through its environment."""
    return Program(
        "vllm",
        (
            *("python", "-m", "vllm.entrypoints.openai.api_server"),
            *("--model", str(model), "--served-model-name", endpoint.model),
            *("--host", LOOPBACK, "--port", str(endpoint.port)),
            *("--max-model-len", str(serving.context), "--max-num-seqs", str(serving.slots)),
            *_device(serving),
        ),
        env={"VLLM_API_KEY": endpoint.key, **QUIET, **_cpu_environment(serving)},
        secrets=(endpoint.key,),
    )


def _device(serving: ServingConfig) -> tuple[str, ...]:
    if serving.device == "cpu":
        return ("--dtype", "float32", "--enforce-eager")
    return (
        *("--tensor-parallel-size", str(serving.tensor_parallel)),
        *("--gpu-memory-utilization", f"{serving.gpu_memory_utilization:g}"),
    )


def _cpu_environment(serving: ServingConfig) -> dict[str, str]:
    if serving.device != "cpu":
        return {}
    return {
        "VLLM_CPU_KVCACHE_SPACE": str(serving.cpu_cache_gib),
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": str(serving.threads),
    }
