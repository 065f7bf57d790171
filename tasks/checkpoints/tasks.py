"""The tasks around checkpoints: the base model that training starts from, and the merged model that it ends with."""

import json
from pathlib import Path

import orjson

from blocks.holdings import held
from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef
from datasets_registry.entries import find
from datasets_registry.sample.generate import fingerprint
from tasks.checkpoints.config import CPU_TINY, BaseConfig, TinyConfig
from tasks.checkpoints.folder import BadModelFolder, check_model_folder
from tasks.checkpoints.safetensors_file import check_safetensors
from tasks.checkpoints.text import reading
from tasks.runtime.keys import Identity
from tasks.runtime.metrics import read_verl
from tasks.runtime.programs import Program
from tasks.runtime.steps import Made, step
from tasks.runtime.workplace import workplace

VERSION = "2026.11.21"

TEMPLATE = Path(__file__).with_name("chat.jinja")
PROGRAMS = "tasks.checkpoints.programs"


class NotAModel(ValueError):
    """An entry of the catalog that is no model was named as the base of training."""


def base_model(config: BaseConfig) -> ArtifactRef:
    """The model that training starts from: made here, or taken from what `finloom data get` has fetched."""
    return make_tiny_base(config.tiny, fingerprint()) if config.name == CPU_TINY else take_model(config.name)


@step(Identity("take-model", VERSION), cached=False)
def take_model(name: str) -> Made:
    """Store a model that `finloom data get` has fetched; its files are checked, not loaded."""
    entry = find(name)
    if entry.kind != "model":
        raise NotAModel(
            f"{entry.name} is a {entry.kind}, wanted a model; `finloom data list` shows which are"
        )
    model = held(entry.name)
    check_model_folder(model.folder)
    store = load_store()
    for file in model.files:
        with (model.folder / file.name).open("rb") as source:
            sha256, _ = store.put_file(source)
        if sha256 != file.sha256:
            raise BadModelFolder(
                f"{model.folder / file.name} was changed after it was fetched; run `finloom data get {entry.name}`"
            )
    return Made(store.publish("model", model.files))


@step(Identity("make-tiny-base", VERSION, tools=("verl",)))
def make_tiny_base(config: TinyConfig, sample: str) -> Made:
    """A small Qwen3 of ours that has read what the sample's generator of this fingerprint, the present one, invents.

    Killed, it goes on from the last saved step.
    """
    store = load_store()
    with workplace(store) as place:
        text, metrics, out = (place.folder / name for name in ("text.jsonl", "metrics.jsonl", "model"))
        rows = list(reading(config.seed, config.documents, config.conversations))
        text.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        numbers = config.model_dump(include=TinyConfig.model_fields.keys() - {"documents", "conversations"})
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in sorted(numbers.items())]
        files = [f"--text={text}", f"--template={TEMPLATE}", f"--work={place.folder}", f"--out={out}"]
        place.run(
            _program("make_tiny", *files, *flags),
            lambda: read_verl(metrics),
            config.steps,
        )
        made = _publish(store, out)
    return Made(made.ref, {"texts": len(rows), "steps": config.steps})


@step(Identity("merge-adapter", VERSION, tools=("verl",)))
def merge_adapter(base: ArtifactRef, training: ArtifactRef) -> Made:
    """The base with a training's adapter merged into it, published only with the proof that it is just that."""
    store = load_store()
    with workplace(store) as place:
        folder = place.stage(base, "base")
        check_model_folder(folder)
        adapter, merged = place.stage(training, "training") / "adapter", place.folder / "merged"
        check_safetensors(adapter / "adapter_model.safetensors")
        common = (f"--base={folder}", f"--adapter={adapter}")
        place.run(_program("merge", *common, f"--out={merged}"))
        place.run(_program("logits", *common, f"--merged={merged}", f"--out={merged / 'proof.json'}"))
        proof = json.loads((merged / "proof.json").read_bytes())
        made = _publish(store, merged)
    return Made(made.ref, {"prompts": proof["prompts"], "equal_next_tokens": proof["equal_next_tokens"]})


def _program(name: str, *arguments: str) -> Program:
    return Program("verl", ("python", "-m", f"{PROGRAMS}.{name}", *arguments), env={"HF_HUB_OFFLINE": "1"})


def _publish(store: ArtifactStore, folder: Path) -> Made:
    """Store a model folder, checked first: an exit code of 0 alone proves nothing."""
    check_model_folder(folder)
    return Made(store.publish("model", store.add_folder(folder)))
