"""Merge a LoRA adapter into its base for real: `W + scale * B A`, written as a model folder of the base's dtype.

`python -m tasks.checkpoints.programs.merge --base DIR --adapter DIR --out DIR` in the verl environment.
Everything but the weights is copied from the base byte for byte.
"""

import argparse
import shutil
import sys
from pathlib import Path

from peft import PeftModel
from safetensors import safe_open
from transformers import AutoModelForCausalLM

ADAPTER = "adapter_model.safetensors"
WEIGHT_FILES = (".safetensors", ".safetensors.index.json")
OF_THE_BASE_ALONE = frozenset({"proof.json", "pretraining.json"})
"""Files that tell how the base came to be, not what it is."""


class UselessAdapter(ValueError):
    """An adapter that changes nothing: its training did not reach the saved file."""


def main() -> None:
    """Read the command line and merge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--base", type=Path, required=True, help="model folder that the adapter was trained on"
    )
    parser.add_argument("--adapter", type=Path, required=True, help="adapter folder in peft's layout")
    parser.add_argument(
        "--out", type=Path, required=True, help="model folder to make; replaced where it is there"
    )
    options = parser.parse_args()
    try:
        merge(options.base, options.adapter, options.out)
    except UselessAdapter as problem:
        sys.exit(str(problem))


def merge(base: Path, adapter: Path, out: Path) -> None:
    """Write the merged model to `out`: it appears there whole or not at all.

    Raises:
        UselessAdapter: no B matrix of the adapter has a value other than zero.
    """
    check_adapter(adapter / ADAPTER)
    model = AutoModelForCausalLM.from_pretrained(base, dtype="auto", local_files_only=True)
    merged = PeftModel.from_pretrained(model, adapter).merge_and_unload(safe_merge=True)
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    merged.save_pretrained(partial)
    for path in sorted(path for path in base.iterdir() if path.is_file()):
        if not path.name.endswith(WEIGHT_FILES) and path.name not in OF_THE_BASE_ALONE:
            shutil.copyfile(path, partial / path.name)
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)


def check_adapter(weights: Path) -> None:
    """Raises `UselessAdapter` where every B matrix is zero, as it is before the first training step."""
    with safe_open(weights, "pt") as tensors:
        names = [name for name in tensors.keys() if "lora_B" in name or "lora_embedding_B" in name]  # noqa: SIM118
        if names and not any(tensors.get_tensor(name).any() for name in names):
            raise UselessAdapter(
                f"the adapter is all zeros: each of its {len(names)} B matrices is as it was before training; "
                "train at least one step and save what was trained"
            )


if __name__ == "__main__":
    main()
