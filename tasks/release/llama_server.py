"""llama-server of llama.cpp over a GGUF file: its command, on a GPU and on a CPU."""

from pathlib import Path

from tasks.release.config import ServingConfig
from tasks.release.endpoint import LOOPBACK, Endpoint
from tasks.runtime.programs import Program

ON_CPU = "tasks.release.programs.llama_server"


def llama_program(gguf: Path, endpoint: Endpoint, serving: ServingConfig) -> Program:
    """The server of one file; the key goes through its environment.

    `--ctx-size` is the room of all slots together. Thoughts stay in the answer, as in training.
    """
    common = (
        *("--model", str(gguf), "--alias", endpoint.model),
        *("--host", LOOPBACK, "--port", str(endpoint.port)),
        *("--ctx-size", str(serving.context * serving.slots), "--parallel", str(serving.slots)),
    )
    on_cpu = ("python", "-m", ON_CPU, *common, "--threads", str(serving.threads))
    on_gpus = ("llama-server-vulkan", *common, *_on_gpus(serving))
    argv = on_cpu if serving.device == "cpu" else on_gpus
    return Program("gguf", argv, env={"LLAMA_API_KEY": endpoint.key}, secrets=(endpoint.key,))


def _on_gpus(serving: ServingConfig) -> tuple[str, ...]:
    shares = ",".join(f"{share:g}" for share in serving.tensor_split)
    return (
        *("--jinja", "--reasoning-format", "none", "--metrics", "--no-webui", "--offline"),
        *("--gpu-layers", "all", *(("--tensor-split", shares) if shares else ())),
    )
