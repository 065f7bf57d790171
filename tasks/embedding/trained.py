"""What is published of a training: adapter, metrics and command."""

import shutil
from pathlib import Path

import orjson

from tasks.embedding.command import TrainSpec
from tasks.runtime.metrics import read_swift, write_metrics


def write_trained(folder: Path, checkpoint: Path, base_sha256: str, spec: TrainSpec) -> Path:
    """Write it to `published` in the folder of a training, without what names this machine or a resumption.

    Args:
        folder: where the training ran.
        checkpoint: its last one.
        base_sha256: the artifact of the model that the adapter belongs to.
        spec: what was run.
    """
    published = folder / "published"
    shutil.rmtree(published, ignore_errors=True)
    adapter = published / "adapter"
    adapter.mkdir(parents=True)
    shutil.copy(checkpoint / "adapter_model.safetensors", adapter)
    config = orjson.loads((checkpoint / "adapter_config.json").read_bytes())
    config["base_model_name_or_path"] = base_sha256
    (adapter / "adapter_config.json").write_bytes(orjson.dumps(config, option=orjson.OPT_INDENT_2))
    write_metrics(published / "metrics.jsonl", read_swift(folder / spec.output / "logging.jsonl"))
    program = TrainSpec(spec.model, spec.rows, spec.output, spec.config).program()
    command = {"argv": program.argv, "env": dict(program.env)}
    (published / "command.json").write_bytes(orjson.dumps(command, option=orjson.OPT_INDENT_2))
    return published
