"""llama-server inside a Python process, for CPUs: the library is compiled for AVX2, the ready-made program for AVX-512.

Runs in the gguf environment: `LLAMA_API_KEY=... python -m tasks.release.programs.llama_server --model FILE --port P`.
"""

import argparse
import os
import sys
import threading
from pathlib import Path


def serve(model: Path, name: str, host: str, port: int, context: int, slots: int, threads: int) -> None:
    """Serve a GGUF file until this process is ended.

    Args:
        model: the file.
        name: what the endpoint calls it.
        host: address to listen on.
        port: port to listen on.
        context: tokens of all conversations together.
        slots: conversations answered at the same time.
        threads: threads that compute.

    Raises:
        RuntimeError: the file cannot be loaded, or the port is taken.
    """
    import xllamacpp  # noqa: PLC0415 only there in the gguf environment

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(model), {name}
    params.hostnames, params.port, params.api_keys = [host], port, [os.environ["LLAMA_API_KEY"]]
    params.n_ctx, params.n_parallel, params.n_gpu_layers = context, slots, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.use_jinja, params.endpoint_metrics, params.ui, params.offline = True, True, False, True
    params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    server = xllamacpp.Server(params)
    sys.stdout.write(f"serving {model.name} at {server.listening_address}\n")
    threading.Event().wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--alias", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ctx-size", type=int, required=True)
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    serve(given.model, given.alias, given.host, given.port, given.ctx_size, given.parallel, given.threads)


if __name__ == "__main__":
    main()
