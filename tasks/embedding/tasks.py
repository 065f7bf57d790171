"""The tasks of the embedding stage: pairs, a trained adapter, a merged and proven model, the corpus embedded by it."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import orjson
from prefect.artifacts import create_table_artifact
from pydantic import JsonValue

from blocks.history import promote
from blocks.prefect_blocks import load_store
from blocks.store import ArtifactStore
from datasets_registry.artifact import ArtifactRef, FileEntry
from datasets_registry.records import Passage, Question
from tasks.checkpoints.folder import check_model_folder
from tasks.checkpoints.newest import newest_swift
from tasks.embedding import given
from tasks.embedding.command import TrainSpec, embed_program, fit_program, merge_program, prove_program
from tasks.embedding.config import Device, EmbedderConfig, PairConfig
from tasks.embedding.pairs import corpus_pairs, training_rows
from tasks.embedding.proof import Proof
from tasks.embedding.trained import write_trained
from tasks.retrieval.comparison import Comparison
from tasks.retrieval.config import EncodeConfig, GivenEmbedding, ModelEmbedding, UrlEmbedding
from tasks.retrieval.dense import encode_vectors
from tasks.retrieval.tokens import search_text
from tasks.runtime.keys import Identity
from tasks.runtime.metrics import read_swift
from tasks.runtime.parts import decode_as
from tasks.runtime.programs import ProgramFailed
from tasks.runtime.published import stored
from tasks.runtime.rows import rows_of
from tasks.runtime.shards import finished_files, map_shards, record_files
from tasks.runtime.steps import Made, step
from tasks.runtime.workplace import Workplace, workplace

VERSION = "2026.11.23"

T = TypeVar("T")

EMBED = Identity("embed-by-model", VERSION, ("numpy",), ("swift",))
PLACE = Identity("place-vectors", VERSION, ("numpy",))

ROWS = "train.jsonl"
PROBES = "probes.jsonl"
ENCODE = "encode.json"
"""In a tuned model: how it was given text in training, and must be ever after."""
PROBED = 32
"""Pairs whose query and passage a merged model is probed with."""
DECIDES = ("dense", "rr@10")
"""The search method and metric that must not get worse."""


@step(Identity("make-pairs", VERSION))
def make_pairs(
    passages: ArtifactRef, questions: ArtifactRef, pairs: PairConfig, encode: EncodeConfig
) -> Made:
    """Training rows of the corpus; queries of the held-out questions are left out."""
    store = load_store()
    cut = _passages(store, passages)
    held_out = [question.query for question in rows_of(store, questions, "questions", Question)]
    chosen = corpus_pairs(cut, pairs, held_out)
    rows = list(training_rows(chosen, cut, pairs, encode))
    probes = [text for pair in chosen[:PROBED] for text in (pair.query, search_text(pair.passage))]
    files = [store.add_file(ROWS, _lines(rows), len(rows)), store.add_file(PROBES, _lines(probes))]
    return Made(store.publish("embedding/pairs", files), {"pairs": len(rows), "passages": len(cut)})


@step(Identity("train-embedder", VERSION, tools=("swift",)), timeout_hours=1000, tags=("gpu",))
def train_adapter(base: ArtifactRef, pairs: ArtifactRef, config: EmbedderConfig) -> Made:
    """Fine-tune a model with InfoNCE; a run that was killed goes on from its newest whole checkpoint."""
    store = load_store()
    with workplace(store) as place:
        place.stage(base, "base")
        place.stage(pairs, "pairs")
        check_model_folder(place.folder / "base")
        output = place.folder / "training"
        found = newest_swift(output)
        checkpoint = str(found.relative_to(place.folder)) if found else None
        place.run(fit_program("base", f"pairs/{ROWS}", ROWS, config))
        spec = TrainSpec("base", ROWS, output.name, config, checkpoint)
        steps = config.total_steps(pairs.rows)
        place.run(spec.program(), lambda: read_swift(output / "logging.jsonl"), steps)
        newest = newest_swift(output)
        if newest is None or newest.name != f"checkpoint-{steps}":
            raise ProgramFailed(
                f"swift sft ended well with {newest.name if newest else 'no whole checkpoint'}, wanted "
                f"checkpoint-{steps}; its log in {place.folder} says why, run again"
            )
        trained = write_trained(place.folder, newest, base.sha256, spec)
        ref = store.publish("training/embedder", store.add_folder(trained))
    return Made(ref, {"pairs": pairs.rows})


@step(Identity("merge-embedder", VERSION, tools=("swift",)), tags=("gpu",))
def merge_embedder(
    base: ArtifactRef, training: ArtifactRef, pairs: ArtifactRef, config: EmbedderConfig
) -> Made:
    """The adapter merged into the base, proven: it embeds as both together do, and not as the base alone."""
    store = load_store()
    with workplace(store) as place:
        place.stage(base, "base")
        place.stage(training, "training")
        place.stage(pairs, "pairs")
        merged = place.folder / "merged"
        place.run(merge_program("base", "training/adapter", merged.name, config))
        files = {"base": "base", "adapter": "training/adapter", "merged": merged.name}
        files |= {"texts": f"pairs/{PROBES}", "out": "proof.json"}
        place.run(prove_program(files, config))
        Proof.model_validate_json((place.folder / "proof.json").read_bytes()).require()
        # ms-swift's record of its arguments: the paths of this machine.
        (merged / "args.json").unlink(missing_ok=True)
        shutil.copy(place.folder / "proof.json", merged)
        (merged / ENCODE).write_text(config.encode.model_dump_json(indent=2), "utf-8")
        check_model_folder(merged)
        return Made(store.publish("model", store.add_folder(merged)))


@step(EMBED, timeout_hours=48, tags=("gpu",))
def embed_by_model(
    passages: ArtifactRef, model: ArtifactRef, embedding: ModelEmbedding, device: Device, workers: int = 1
) -> Made:
    """The vector of every passage, by a model in one process a device; what any run has embedded is not done again."""
    store = load_store()
    shards = store.tree(passages).part("passages")
    config = embedding.of_passages()
    keys = [EMBED.key({"passages": shard.sha256, "config": config}) for shard in shards]
    known = [] if EMBED.is_refreshed() else list(enumerate(keys))
    done = {index: files for index, key in known if (files := finished_files(store, key, index))}
    todo = [index for index in range(len(shards)) if index not in done]
    if todo:
        with workplace(store) as place:
            check_model_folder(place.stage(model, "model"))
            (place.folder / "texts").mkdir(exist_ok=True)
            for index in todo:
                cut = decode_as(store.get_blob(shards[index].sha256), Passage)
                texts = _lines(search_text(passage) for passage in cut)
                (place.folder / "texts" / f"{index:05d}.jsonl").write_bytes(texts)
            processes = min(workers, len(todo))
            place.run(embed_program("model", "texts", "vectors", embedding.max_tokens, device, processes))
            for index in todo:
                done[index] = {"vectors": _vectors(place, index, shards[index], embedding)}
                record_files(store, keys[index], done[index])
    vectors = [done[index]["vectors"] for index in range(len(shards))]
    return Made(store.publish("index/vectors", vectors), {"shards": len(shards), "embedded": len(todo)})


@step(Identity("ingest-vectors", VERSION), cached=False)
def ingest_vectors(path: str) -> Made:
    """Store vectors of documents that were made elsewhere, JSON lines of id and embedding; bad lines in quarantine."""
    store = load_store()
    reader = given.GivenReader(Path(path).expanduser())
    files = [
        store.add_file(f"{part}/{number:05d}.{made.suffix}", made.data, made.rows)
        for number, parts in enumerate(reader.parts())
        for part, made in parts.items()
    ]
    summary = reader.summary()
    files.append(store.add_file(given.SUMMARY, summary.to_bytes()))
    counts = {
        "lines": summary.lines,
        "vectors": summary.vectors,
        "quarantined": summary.lines - summary.vectors,
    }
    return Made(store.publish("embedding/vectors", files), counts)


@step(PLACE)
def place_vectors(passages: ArtifactRef, vectors: ArtifactRef) -> Made:
    """The vector of every passage: that of its document, which must be among those that were given."""
    store = load_store()
    tree, cut = store.tree(vectors), store.tree(passages).part("passages")
    pairs = list(zip(tree.part(given.IDS), tree.part(given.VECTORS), strict=True))
    held = enumerate(store.blobs([ids for ids, _ in pairs]))
    places = {name: number for number, data in held for name in given.ids_of(data)}
    wanted = [given.documents_of(data) for data in store.blobs(cut)]
    summary = _given_summary(store, vectors)
    given.require_all(wanted, places, summary)
    needed = [sorted({places[name] for name in names}) for names in wanted]
    shards = [
        [entry, *(file for number in numbers for file in pairs[number])]
        for entry, numbers in zip(cut, needed, strict=True)
    ]
    files = map_shards(store, PLACE, given.placed_shard, shards, given.Placing(dimensions=summary.dimensions))
    return Made(store.publish("index/vectors", files), {"documents": len(set().union(*wanted))})


@step(Identity("publish-embedder", VERSION), cached=False)
def publish_embedder(
    base: ArtifactRef,
    training: ArtifactRef,
    model: ArtifactRef,
    before: ArtifactRef,
    after: ArtifactRef,
    comparison: ArtifactRef,
    name: str,
) -> Made:
    """Put the tuned model in force if dense search is not worse for it; the report says what was found either way.

    `before` and `after` are the indexes by the base and by the tuned model, `comparison` is of their evaluations.
    """
    store = load_store()
    data = store.read(comparison, "comparison.json")
    compared = Comparison.model_validate_json(data)
    method, metric = DECIDES
    decisive = compared.methods[method][metric]
    evidence: dict[str, JsonValue] = {"method": method, "metric": metric, "queries": compared.queries}
    evidence |= decisive.model_dump()
    promoted = decisive.after >= decisive.before
    if promoted:
        promote(store, "embedder", name, model, evidence | {"comparison": comparison.sha256})
    report = {
        "base": base.sha256,
        "training": training.sha256,
        "model": model.sha256,
        "index_before": before.sha256,
        "index_after": after.sha256,
        "promoted": name if promoted else None,
        "comparison": compared.model_dump(),
    }
    table = [
        {"方法": method, "指标": metric} | figure.model_dump()
        for method, figures in compared.methods.items()
        for metric, figure in figures.items()
    ]
    create_table_artifact(
        table, key="embedder", description=f"向量模型微调前后：{compared.queries} 个留出问题"
    )
    entry = store.add_file("report.json", orjson.dumps(report, option=orjson.OPT_INDENT_2), compared.queries)
    return Made(store.publish("report/embedder", [entry]), {"promoted": int(promoted)})


def model_embedding(model: ArtifactRef, encode: EncodeConfig | None = None) -> ModelEmbedding:
    """How an index embedded by a model describes itself; without `encode`, as it was trained."""
    store = load_store()
    files = {file.name: file.sha256 for file in store.tree(model).files}
    if encode is None:
        trained = store.get_blob(files[ENCODE]) if ENCODE in files else b"{}"
        encode = EncodeConfig.model_validate_json(trained)
    config = orjson.loads(store.get_blob(files["config.json"]))
    return ModelEmbedding(**encode.model_dump(), model_sha256=model.sha256, dimensions=config["hidden_size"])


def stored_vectors(vectors: str) -> ArtifactRef:
    """The vectors of a file, stored now, or the stored ones whose sha256 is given."""
    return stored(vectors, ingest_vectors)


def given_embedding(vectors: ArtifactRef, queries: UrlEmbedding | ModelEmbedding | None) -> GivenEmbedding:
    """How an index with given vectors describes itself; raises `BadVectors` where those of queries are no match."""
    dimensions = _given_summary(load_store(), vectors).dimensions
    if queries is not None:
        given.require_alike(dimensions, queries)
    return GivenEmbedding(vectors_sha256=vectors.sha256, dimensions=dimensions, queries=queries)


def _given_summary(store: ArtifactStore, vectors: ArtifactRef) -> given.GivenSummary:
    return given.GivenSummary.from_bytes(store.read(vectors, given.SUMMARY))


def _vectors(place: Workplace, index: int, entry: FileEntry, embedding: ModelEmbedding) -> FileEntry:
    """One shard of vectors as the index stores it; refuses one that is missing or of another shape."""
    path = place.folder / "vectors" / f"{index:05d}.npy"
    rows = np.load(path, allow_pickle=False) if path.exists() else np.zeros((0, 0), np.float32)
    if rows.shape != (entry.rows, embedding.dimensions) or not np.isfinite(rows).all():
        raise ProgramFailed(
            f"vectors of shard {index} have shape {rows.shape} or are not finite, wanted "
            f"{(entry.rows, embedding.dimensions)}; run again"
        )
    return place.store.add_file(f"vectors/{index:05d}.npy", encode_vectors(rows), len(rows))


def _lines(values: Iterable[object]) -> bytes:
    """JSON lines."""
    return b"".join(orjson.dumps(value) + b"\n" for value in values)


def _passages(store: ArtifactStore, ref: ArtifactRef) -> list[Passage]:
    return list(rows_of(store, ref, "passages", Passage))
