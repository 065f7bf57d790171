"""A model behind an OpenAI-compatible address until the run is cancelled: `finloom run serve-model`."""

from prefect import flow

from tasks.release.config import GgufConfig, ServingConfig
from tasks.release.tasks import convert_model, quantise_model, serve
from tasks.runtime.published import published


@flow(name="serve-model", persist_result=False)
def serve_model(
    model: str = "release", serving: ServingConfig = ServingConfig(), gguf: GgufConfig = GgufConfig()
) -> None:
    """Start a server, watch it, start it again when it crashes; cancel the run to end it.

    The address, the health and where the key lies are an artifact of the run.

    Args:
        model: The name of a release or model in force, or the sha256 of one.
        serving: The server, and how it is watched.
        gguf: How a model that was not released yet is quantised for llama-server.
    """
    target = published("model", model)
    if serving.engine == "llama" and target.kind == "model":
        target = quantise_model(target, convert_model(target, gguf), gguf)
    serve(target, serving)
