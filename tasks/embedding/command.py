"""The command lines of the embedder: settings in, programs out; the YAML files beside this say what they get.

Golden copies of the results: `tests/golden/embedding/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tasks.embedding.config import Device, EmbedderConfig
from tasks.runtime.programs import Program

SWIFT = "swift"
EMBED = "tasks.embedding.programs.embed"
FIT = "tasks.embedding.programs.fit"
PROVE = "tasks.embedding.programs.prove"
HERE = Path(__file__).parent
CACHE = "cache"
SWANLAB_PROJECT = "finloom"

Value = str | int | float | bool | None | list[str]


@dataclass(frozen=True, slots=True)
class TrainSpec:
    """One training: its inputs and output, as paths from the folder that it runs in, and its settings.

    `checkpoint`: where a killed training goes on from.
    """

    model: str
    rows: str
    output: str
    config: EmbedderConfig
    checkpoint: str | None = None

    def program(self) -> Program:
        """`swift sft`."""
        config = self.config
        values: dict[str, Value] = {
            **config.model_dump(exclude={"pairs", "encode", "target_modules", "swanlab"}),
            "target_modules": list(config.target_modules),
            "max_tokens": config.encode.max_tokens,
            "report_to": "none" if config.swanlab == "off" else "swanlab",
            "swanlab_project": None if config.swanlab == "off" else SWANLAB_PROJECT,
            "swanlab_mode": None if config.swanlab == "off" else config.swanlab,
            "model": self.model,
            "rows": self.rows,
            "output": self.output,
            "checkpoint": self.checkpoint,
            "cache": CACHE,
        }
        return _swift("train", config, values)


def fit_program(model: str, rows: str, out: str, config: EmbedderConfig) -> Program:
    """The rows with every text as long as the model will read."""
    flags: dict[str, Value] = {
        "model": model,
        "rows": rows,
        "out": out,
        "max-tokens": config.encode.max_tokens,
    }
    return _python(FIT, flags, config.device)


def merge_program(model: str, adapter: str, output: str, config: EmbedderConfig) -> Program:
    """`swift export`: the adapter merged into the model's weights."""
    return _swift("merge", config, {"model": model, "adapter": adapter, "output": output, "cache": CACHE})


def embed_program(
    model: str, texts: str, vectors: str, max_tokens: int, device: Device, processes: int = 1
) -> Program:
    """Every `NAME.jsonl` of `texts` to `NAME.npy` in `vectors`, by as many processes, each with a GPU or CPU core."""
    flags: dict[str, Value] = {"model": model, "texts": texts, "vectors": vectors, "max-tokens": max_tokens}
    if processes == 1:
        return _python(EMBED, flags, device)
    launch = ("torchrun", "--standalone", "--nnodes=1", f"--nproc_per_node={processes}")
    return _python(EMBED, {**flags, "processes": processes}, device, launch)


def prove_program(files: Mapping[str, str], config: EmbedderConfig) -> Program:
    """Measure a merge; `files` are base, adapter, merged, texts and out."""
    return _python(PROVE, {**files, "max-tokens": config.encode.max_tokens}, config.device)


def _python(
    module: str, flags: Mapping[str, Value], device: Device, launch: tuple[str, ...] = ("python",)
) -> Program:
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}
    return Program(SWIFT, (*launch, "-m", module, *words), {"HF_HUB_OFFLINE": "1", **hidden}, hours=48)


def _swift(section: str, config: EmbedderConfig, values: Mapping[str, Value]) -> Program:
    """A section of the YAML files with its values filled in."""
    command = _read("command.yaml")[section]
    laid_over = _read("on_cpu.yaml")[section] if config.device == "cpu" else {}
    env = {name: _filled(value, values) for name, value in _merged("env", command, laid_over).items()}
    flags = {name: _filled(value, values) for name, value in _merged("flags", command, laid_over).items()}
    words = [word for name, value in flags.items() if value is not None for word in _words(name, value)]
    return Program(
        SWIFT,
        (*command["program"], *words),
        {name: _spelled(value) for name, value in env.items() if value is not None},
        hours=config.hours,
    )


def _read(name: str) -> dict[str, dict[str, dict[str, Value]]]:
    loaded: dict[str, dict[str, dict[str, Value]]] = yaml.safe_load((HERE / name).read_text("utf-8"))
    return loaded


def _merged(
    part: str, command: Mapping[str, Mapping[str, Value]], over: Mapping[str, Mapping[str, Value]]
) -> dict[str, Value]:
    return {**command[part], **over.get(part, {})}


def _filled(value: Value, values: Mapping[str, Value]) -> Value:
    if isinstance(value, str) and value.startswith("{"):
        return values[value.strip("{}")]
    return value


def _words(name: str, value: Value) -> list[str]:
    return [f"--{name}", *(value if isinstance(value, list) else [_spelled(value)])]


def _spelled(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
