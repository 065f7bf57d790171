"""What GGUF files really hold, read from their tensors and vocabulary, not from what their headers claim.

Runs in the gguf environment: `python -m tasks.release.programs.describe --original F16 --gguf FILE... --target JSON`.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any


def describe(path: Path, original: Path) -> dict[str, Any]:
    """Architecture, context, vocabulary, tokens by type, elements of matrices by tensor type, and their error.

    The error is the largest relative distance (Frobenius norm) of a matrix from the same one of `original`.
    """
    from gguf import GGUFReader, TokenType  # noqa: PLC0415 only there in the gguf environment

    reader = GGUFReader(path)
    matrices_before = {
        tensor.name: tensor for tensor in GGUFReader(original).tensors if len(tensor.shape) > 1
    }

    def value(name: str) -> Any:  # noqa: ANN401 a GGUF field is of any type
        field = reader.get_field(name)
        return None if field is None else field.contents()

    matrices: dict[str, int] = defaultdict(int)
    error = 0.0
    for tensor in reader.tensors:
        if len(tensor.shape) > 1:
            matrices[tensor.tensor_type.name] += int(tensor.n_elements)
            error = max(error, relative_distance(tensor, matrices_before.pop(tensor.name)))
    architecture = value("general.architecture")
    tokens, types = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
    special: dict[str, list[str]] = {"CONTROL": [], "USER_DEFINED": []}
    for token, kind in zip(tokens, types, strict=True):
        if (name := TokenType(kind).name) in special:
            special[name].append(token)
    return {
        "architecture": architecture,
        "context": value(f"{architecture}.context_length"),
        "tensors": len(reader.tensors),
        "matrices": dict(sorted(matrices.items())),
        "missing": sorted(matrices_before),
        "error": error,
        "vocabulary": len(tokens),
        "control_tokens": special["CONTROL"],
        "visible_tokens": special["USER_DEFINED"],
        "has_chat_template": bool(value("tokenizer.chat_template")),
    }


def relative_distance(tensor: Any, before: Any) -> float:  # noqa: ANN401 gguf is untyped
    """How far a quantised matrix is from what it was, relative to its size; infinite where it holds no number."""
    import numpy as np  # noqa: PLC0415
    from gguf.quants import dequantize  # noqa: PLC0415

    was = dequantize(before.data, before.tensor_type).astype(np.float32).ravel()
    now = dequantize(tensor.data, tensor.tensor_type).astype(np.float32).ravel()
    distance = float(np.linalg.norm(now - was) / (np.linalg.norm(was) or 1.0))
    return distance if np.isfinite(distance) else float("inf")


def main() -> None:
    """Read the command line and write the description as JSON, whole or not at all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--original", type=Path, required=True, help="the f16 file that the others were made from"
    )
    parser.add_argument("--gguf", type=Path, nargs="+", required=True)
    parser.add_argument("--target", type=Path, required=True)
    arguments = parser.parse_args()
    found = {path.name: describe(path, arguments.original) for path in arguments.gguf}
    partial = arguments.target.with_name(f"{arguments.target.name}.partial")
    partial.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    partial.replace(arguments.target)


if __name__ == "__main__":
    main()
