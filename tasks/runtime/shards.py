"""Shards of a step on Dask: pure functions from bytes to bytes, each done once however often the step is resumed.

A shard's result is recorded under the sha256 of what it was made from, so a killed step finds its finished shards
again, and a changed corpus pays only for the shards that changed. Results do not depend on the number of workers.
"""

import importlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from blocks.dask_cluster import dask_client
from blocks.store import ArtifactStore, CorruptObject, MissingObject, open_store
from datasets_registry.artifact import FileEntry, Stored
from tasks.runtime.keys import Identity
from tasks.runtime.parts import Inputs, Part
from tasks.runtime.rows import numbered

logger = logging.getLogger(__name__)

ConfigT = TypeVar("ConfigT", bound=BaseModel)
Progress = Callable[[int, int], None]
ShardFunction = Callable[[Inputs, ConfigT], dict[str, Part]]


class ShardRecord(Stored):
    """The files that one shard became, by part name."""

    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True)
class ShardWork:
    """One shard to do: what to call on which blobs, and the key that its result is recorded under."""

    key: str
    function: str
    inputs: tuple[str, ...]
    config: BaseModel
    index: int


def map_shards(
    store: ArtifactStore,
    identity: Identity,
    function: ShardFunction[ConfigT],
    shards: Sequence[Sequence[FileEntry]],
    config: ConfigT,
    progress: Progress | None = None,
) -> list[FileEntry]:
    """Apply `function` to every shard and return the files it made, named `<part>/<shard index>.<suffix>`.

    Args:
        store: where finished shards are looked up; workers open their own.
        identity: the step's identity; part of every shard's key.
        function: a module-level function of a package (workers import it by name).
        shards: each shard is the input files of one call; the index of a shard names its outputs.
        config: passed to every call; what differs from its defaults enters the keys.
        progress: called with (shards done, shards in all).
    """
    name = f"{function.__module__}:{function.__qualname__}"
    work = [
        ShardWork(
            _shard_key(identity, name, files, config), name, tuple(f.sha256 for f in files), config, index
        )
        for index, files in enumerate(shards)
    ]
    known = [] if identity.is_refreshed() else work
    finished = {
        item.index: record for item in known if (record := finished_files(store, item.key, item.index))
    }
    todo = [item for item in work if item.index not in finished]
    if finished and todo:
        logger.info("resuming: %d of %d shards are done already", len(finished), len(work))
    for item, record in _run(todo, store):
        finished[item.index] = record
        if progress:
            progress(len(finished), len(work))
    return [entry for item in work for entry in finished[item.index].values()]


def run_shard(item: ShardWork, store: ArtifactStore | None = None) -> dict[str, FileEntry]:
    """Do one shard: read, call, store, record. Runs on a worker."""
    store = store or open_store()
    module, _, function = item.function.partition(":")
    call: ShardFunction[BaseModel] = getattr(importlib.import_module(module), function)
    parts = call(Inputs(item.inputs, store.get_blob), item.config)
    files = {
        part: store.add_file(f"{part}/{item.index:05d}.{made.suffix}", made.data, made.rows)
        for part, made in parts.items()
    }
    record_files(store, item.key, files)
    return files


def record_files(store: ArtifactStore, key: str, files: dict[str, FileEntry]) -> None:
    """Record what the shard of a key became, its files stored already."""
    store.put(f"shards/{key}.json", ShardRecord(files=files).to_bytes())


def finished_files(store: ArtifactStore, key: str, index: int) -> dict[str, FileEntry] | None:
    """The recorded files of a shard, named for its present place `index`, if all of them are still there."""
    try:
        record = ShardRecord.from_bytes(store.get(f"shards/{key}.json")[0])
    except (MissingObject, CorruptObject):
        return None
    if not all(store.has(f"blobs/{entry.sha256}") for entry in record.files.values()):
        return None
    return {part: numbered(entry, index) for part, entry in record.files.items()}


def _run(todo: list[ShardWork], store: ArtifactStore) -> Iterator[tuple[ShardWork, dict[str, FileEntry]]]:
    if len(todo) <= 1 or os.environ.get("FINLOOM_WORKERS") == "0":
        for item in todo:
            yield item, run_shard(item, store)
        return
    from distributed import as_completed  # noqa: PLC0415 Dask is imported only where there is work for it

    futures = {
        dask_client().submit(run_shard, item, key=f"{item.key}-{item.index}", pure=False): item
        for item in todo
    }
    for future in as_completed(futures):
        yield futures[future], future.result()
        future.release()


def _shard_key(identity: Identity, function: str, files: Sequence[FileEntry], config: BaseModel) -> str:
    return identity.key({"function": function, "inputs": [file.sha256 for file in files], "config": config})
