"""Take the adapter out of a checkpoint of verl, in peft's layout; runs in the verl environment.

verl's own merger puts the shards of all GPUs together (and rounds them to bfloat16, whatever they were trained in). Its
command line goes on to write the base beside the adapter, and fails where a checkpoint holds the adapter alone, as ours
do: an 8B model's is 0.3 GB instead of 33 GB. So it is called here, and stops at the adapter.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from verl.model_merger.base_model_merger import ModelMergerConfig
from verl.model_merger.fsdp_model_merger import FSDPModelMerger


class AdapterMerger(FSDPModelMerger):  # type: ignore[misc]  # verl has no types
    """verl's merger, of which only the adapter is kept."""

    def save_hf_model_and_tokenizer(self, state_dict: Mapping[str, torch.Tensor]) -> None:
        """Write `lora_adapter/` into the target folder; the same checkpoint gives the same bytes.

        Raises:
            ValueError: the checkpoint holds no adapter.
        """
        written = self.save_lora_adapter(dict(sorted(state_dict.items())))
        if written is None:
            raise ValueError(
                f"{self.config.local_dir} holds no LoRA weights, wanted a checkpoint of a LoRA training"
            )
        config = Path(written) / "adapter_config.json"
        settings = json.loads(config.read_text("utf-8"))
        settings["target_modules"] = sorted(settings["target_modules"])
        config.write_text(json.dumps(settings, indent=2) + "\n", "utf-8")


def main() -> None:
    """Read the arguments and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=Path, required=True, help="folder with model_world_size_*.pt")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets lora_adapter/")
    options = parser.parse_args()
    config = ModelMergerConfig(
        operation="merge",
        backend="fsdp",
        local_dir=str(options.shards),
        target_dir=str(options.out),
        hf_model_config_path=str(options.shards / "huggingface"),
    )
    AdapterMerger(config).merge_and_save()


if __name__ == "__main__":
    main()
