"""The tasks of the release stage: a model quantised, proven, served, stressed, described; and served on demand."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import httpx
from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.logging import get_run_logger

from blocks.history import lineage, promote
from blocks.home import home, secret_path
from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore, local_copy
from datasets_registry.artifact import ArtifactRef
from tasks.agent.exercises import read_exercises
from tasks.agent.protocol import SYSTEM
from tasks.checkpoints.folder import check_model_folder
from tasks.release.card import Proof, ReleaseCard, Stress, as_markdown, base_of, made_by, prove
from tasks.release.config import QUANTISATIONS, Engine, GgufConfig, Quantisation, ServingConfig, StressConfig
from tasks.release.deployment import health_page, keep_serving
from tasks.release.endpoint import Endpoint, take_port
from tasks.release.gguf import (
    GgufFile,
    check_file,
    convert_program,
    describe_program,
    file_name,
    quantise_program,
    read_descriptions,
    reference_program,
)
from tasks.release.modelfile import check_modelfile, write_modelfile
from tasks.release.proof import (
    CONVERSATIONS,
    Comparison,
    Reference,
    check_comparison,
    compare,
    write_questions,
)
from tasks.release.servers import NAME, read_or_make_key, served, server_program
from tasks.release.stress import as_table, draw, read_results, stress_program, write_conversations
from tasks.runtime.keys import Identity
from tasks.runtime.programs import start_program
from tasks.runtime.steps import Made, step
from tasks.runtime.workplace import Workplace, workplace

VERSION = "2026.11.21"

KEY = "model-api-key"
"""The secret that a deployed model wants from its callers."""

OLLAMA: Quantisation = "Q4_K_M"
SERVED: tuple[Quantisation, ...] = ("f16", "Q4_K_M")
"""The files that are proven by serving them; Q8_0 lies between them and is compared by its weights."""
PROVING = ServingConfig(engine="llama", device="cpu", context=1024, slots=1)
"""On the CPU, one conversation at a time: slow and the same everywhere."""


@step(Identity("convert-model", VERSION, tools=("gguf",)), tags=("gpu",))
def convert_model(model: ArtifactRef, config: GgufConfig) -> Made:
    """The model as one GGUF file in f16."""
    store = load_store()
    with workplace(store) as place:
        folder = place.stage(model, "model")
        check_model_folder(folder)
        target = place.folder / "gguf" / file_name("f16")
        target.parent.mkdir(exist_ok=True)
        place.run(convert_program(folder, target, NAME, config))
        ref = store.publish("release/f16", store.add_folder(target.parent))
    return Made(ref)


@step(Identity("quantise-model", VERSION, tools=("gguf",)), tags=("gpu",))
def quantise_model(model: ArtifactRef, converted: ArtifactRef, config: GgufConfig) -> Made:
    """f16, Q8_0, Q4_K_M and a Modelfile, published only with the proof that they are the model."""
    store = load_store()
    with workplace(store) as place:
        folder, gguf = place.stage(model, "model"), place.stage(converted, "gguf")
        check_model_folder(folder)
        files = {name: gguf / file_name(name) for name in QUANTISATIONS}
        for name in ("Q8_0", "Q4_K_M"):
            place.run(quantise_program(files["f16"], files[name], name))
        found = _describe(place, files, config)
        expected = _ask_model(place, folder)
        context = min(config.context, found[OLLAMA].context)
        modelfile = write_modelfile(file_name(OLLAMA), context, SYSTEM, config.licence)
        check_modelfile(modelfile, file_name(OLLAMA), found[OLLAMA], CONVERSATIONS[0], expected.rendered[0])
        (gguf / "Modelfile").write_text(modelfile, encoding="utf-8")
        compared = {name: _compare(place, files[name], name, expected, config) for name in SERVED}
        entries = {entry.name: entry for entry in store.add_folder(gguf)}
        proof = prove({name: entries[path.name] for name, path in files.items()}, found, compared)
        entries["proof.json"] = store.add_file("proof.json", proof.model_dump_json(indent=2).encode())
        ref = store.publish("release/gguf", entries.values())
    return Made(ref, {"weights": proof.weights})


@step(Identity("stress-llama-server", VERSION, tools=("gguf", "evalscope")), tags=("gpu",))
def stress_llama(
    gguf: ArtifactRef, exercises: ArtifactRef, serving: ServingConfig, config: StressConfig
) -> Made:
    """llama-server over a quantised file, under the load of EvalScope."""
    store = load_store()
    with workplace(store) as place:
        path = place.stage(gguf, "gguf") / file_name(serving.quantisation)
        return _stress(place, "llama", path, exercises, serving, config)


@step(Identity("stress-vllm", VERSION, tools=("vllm", "evalscope")), tags=("gpu",))
def stress_vllm(
    model: ArtifactRef, exercises: ArtifactRef, serving: ServingConfig, config: StressConfig
) -> Made:
    """vLLM over the model, under the load of EvalScope."""
    store = load_store()
    with workplace(store) as place:
        folder = place.stage(model, "model")
        check_model_folder(folder)
        return _stress(place, "vllm", folder, exercises, serving, config)


@step(Identity("write-card", VERSION))
def write_card(
    model: ArtifactRef,
    gguf: ArtifactRef,
    llama: ArtifactRef | None,
    vllm: ArtifactRef | None,
    evaluation: ArtifactRef | None,
    config: GgufConfig,
) -> Made:
    """The release: the GGUF files with their Modelfile and proof, the stress tests, and the card over all of it."""
    store = load_store()
    tree = store.tree(gguf)
    entries = list(tree.files)
    tests = []
    for engine, stress in (("llama", llama), ("vllm", vllm)):
        if stress is not None:
            files = store.tree(stress)
            entries += [entry.model_copy(update={"name": f"{engine}/{entry.name}"}) for entry in files.files]
            tests.append(Stress.model_validate_json(store.get_blob(files.file("stress.json").sha256)))
    table = store.read(evaluation, "ablation.md") if evaluation else None
    steps = made_by(lineage(store, model))
    card = ReleaseCard(
        model=model,
        base=base_of(steps),
        licence=config.licence,
        made_by=steps,
        proof=Proof.model_validate_json(store.get_blob(tree.file("proof.json").sha256)),
        stress=tuple(tests),
        evaluation=table.decode() if table else None,
        evaluation_ref=evaluation,
        files=tuple(entries),
    )
    entries.append(store.add_file("card.json", card.model_dump_json(indent=2).encode()))
    entries.append(store.add_file("card.md", as_markdown(card).encode()))
    return Made(store.publish("release", entries), {"weights": card.proof.weights})


@step(Identity("publish-release", VERSION), cached=False)
def publish_release(release: ArtifactRef, name: str) -> Made:
    """Show the card and its stress tables in the Prefect UI, and put the release in force under a name."""
    store = load_store()
    tree = store.tree(release)
    card = ReleaseCard.model_validate_json(store.get_blob(tree.file("card.json").sha256))
    create_markdown_artifact(store.get_blob(tree.file("card.md").sha256).decode(), key="release-card")
    for stress in card.stress:
        create_table_artifact(
            as_table(stress.loads), key=f"stress-{stress.engine}", description=f"{stress.engine} 压力测试"
        )
    promote(store, "model", name, release, card.evidence())
    return Made(release)


@task(name="serve-model", cache_policy=NO_CACHE, persist_result=False)
def serve(target: ArtifactRef, serving: ServingConfig) -> None:
    """Serve a release, a model or its GGUF files until the run is cancelled; its health is an artifact of the run.

    Raises:
        ServerLost: the server did not stay up.
        PortTaken: something else listens on its port.
    """
    path = _fetch(load_store(), target, serving)
    endpoint = Endpoint(take_port(serving.port), NAME, read_or_make_key(secret_path(KEY)))
    folder = home() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"serve-{endpoint.port}.log"
    facts = {
        "引擎": serving.engine,
        "内容": f"`{target.kind} {target.sha256[:12]}` {path.name}",
        "密钥": f"运行机器上的 `{secret_path(KEY)}`",
        "日志": f"`{log}`",
    }
    page = HealthPage("serve-model")
    program = server_program(serving.engine, path, endpoint, serving)
    keep_serving(
        lambda: start_program(program, folder, log),
        endpoint,
        serving,
        lambda health: page.show(health_page(health, endpoint, facts)),
    )


class HealthPage:
    """One markdown artifact that is brought up to date in place; a Prefect server that is away never ends serving."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._artifact: UUID | None = None

    def show(self, page: str) -> None:
        """Show a page in place of the one before."""
        try:
            if self._artifact is None:
                made = create_markdown_artifact(page, key=self.key)
                assert isinstance(made, UUID), "called from synchronous code, Prefect answers at once"
                self._artifact = made
            else:
                get_client(sync_client=True).update_artifact(self._artifact, ArtifactUpdate(data=page))
        except httpx.HTTPError as error:
            get_run_logger().warning("the health could not be shown: %r; the server goes on", error)


def _describe(
    place: Workplace, files: Mapping[Quantisation, Path], config: GgufConfig
) -> dict[Quantisation, GgufFile]:
    """What is in the files, each checked against its name."""
    described = place.folder / "files.json"
    place.run(describe_program(files["f16"], list(files.values()), described))
    found = read_descriptions(described)
    for name, file in found.items():
        check_file(file, name, config)
    return found


def _ask_model(place: Workplace, model: Path) -> Reference:
    asked, answered = place.folder / "asked.json", place.folder / "answered.json"
    write_questions(asked)
    place.run(reference_program(model, asked, answered))
    return Reference.model_validate_json(answered.read_bytes())


def _compare(
    place: Workplace, file: Path, name: Quantisation, expected: Reference, config: GgufConfig
) -> Comparison:
    """How a file compares when it is served; only the probabilities of f16 must be those of the model."""
    with served("llama", file, PROVING, place.folder) as endpoint:
        found = compare(endpoint, expected)
    check_comparison(found, file.name, config.max_difference if name == "f16" else None)
    return found


def _stress(
    place: Workplace,
    engine: Engine,
    path: Path,
    exercises: ArtifactRef,
    serving: ServingConfig,
    config: StressConfig,
) -> Made:
    """Serve, stress, and publish what EvalScope measured."""
    asked, results = place.folder / "conversations.jsonl", place.folder / "results"
    held_out = read_exercises(place.stage(exercises, "exercises") / "held_out.jsonl")
    write_conversations(asked, (exercise.question for exercise in held_out))
    # What a killed run left would be taken for this one's.
    shutil.rmtree(results, ignore_errors=True)
    with served(engine, path, serving, place.folder) as endpoint:
        place.run(stress_program(endpoint, asked, results, config))
    loads = read_results(results, NAME, config)
    stress = Stress(
        engine=engine, serves=path.name, device=serving.device, max_tokens=config.max_tokens, loads=loads
    )
    contents = {
        "stress.json": stress.model_dump_json(indent=2).encode(),
        "latency.svg": draw(loads).encode(),
        "conversations.jsonl": asked.read_bytes(),
        "evalscope.html": (results / NAME / "perf_report.html").read_bytes(),
    }
    ref = place.store.publish("release/stress", [place.store.add_file(*one) for one in contents.items()])
    return Made(ref, {"requests": sum(load.requests for load in loads)})


def _fetch(store: ArtifactStore, target: ArtifactRef, serving: ServingConfig) -> Path:
    """What the engine serves, on this machine: one GGUF file, or the folder of the model."""
    if serving.engine == "llama":
        entry = store.tree(target).file(file_name(serving.quantisation))
        path = home() / "cache" / target.sha256 / entry.name
        if not (path.exists() and path.stat().st_size == entry.bytes):
            store.download(entry, path)
        return path
    if target.kind == "release":
        card = store.read(target, "card.json")
        target = ReleaseCard.model_validate_json(card).model
    folder = local_copy(store, target)
    check_model_folder(folder)
    return folder
