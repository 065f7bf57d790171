"""llama-server of llama.cpp over a GGUF file: its command."""

from pathlib import Path

from tasks.release.config import ServingConfig
from tasks.release.endpoint import LOOPBACK, Endpoint
from tasks.runtime.programs import Program


def llama_program(gguf: Path, endpoint: Endpoint, serving: ServingConfig) -> Program:
    """The server of one file; the key goes through its environment.

    `-c` is the room of all slots together. Thoughts stay in the answer (`--reasoning-format none`), as in training.
    """
    return Program(
        "gguf",
        (
            "llama-server-vulkan",
            *("--model", str(gguf), "--alias", endpoint.model),
            *("--host", LOOPBACK, "--port", str(endpoint.port)),
            *("--ctx-size", str(serving.context * serving.slots), "--parallel", str(serving.slots)),
            *("--jinja", "--reasoning-format", "none", "--metrics", "--no-webui", "--offline"),
            *_device(serving),
        ),
        env={"LLAMA_API_KEY": endpoint.key},
        secrets=(endpoint.key,),
    )


def _device(serving: ServingConfig) -> tuple[str, ...]:
    if serving.device == "cpu":
        return ("--device", "none", "--threads", str(serving.threads))
    shares = ",".join(f"{share:g}" for share in serving.tensor_split)
    return ("--gpu-layers", "all", *(("--tensor-split", shares) if shares else ()))
