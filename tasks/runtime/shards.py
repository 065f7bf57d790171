"""Shards of a step on Dask: pure functions from bytes to bytes, each done once however often the step is resumed.

A shard's result is recorded under the sha256 of what it was made from, so a killed step finds its finished shards
again, and a changed corpus pays only for the shards that changed. Results do not depend on the number of workers.
"""

import importlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import BaseModel

from blocks.dask_cluster import dask_client
from blocks.store import ArtifactStore, CorruptObject, MissingObject, open_store
from datasets_registry.artifact import FileEntry, Stored
from tasks.runtime.keys import Identity
from tasks.runtime.parts import Inputs, Part
from tasks.runtime.row_reuse import Done, NamedRows, rows_done_once
from tasks.runtime.rows import numbered

logger = logging.getLogger(__name__)

ConfigT = TypeVar("ConfigT", bound=BaseModel)
Progress = Callable[[int, int], None]
ShardFunction = Callable[[Inputs, ConfigT], dict[str, Part]]


class ShardRecord(Stored):
    """The files that one shard became, by part name."""

    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The shards that those of today grew out of, place by place; they may save work and never change a result.

    Attributes:
        shards: the input files of each, as today's are given. One that was not done, or not in this way, is no use.
        row_files: how many of the files, from the first, have the rows; the others are shared by all rows.
        named: how results name their row, where there may be any number of them for one.
    """

    shards: Sequence[Sequence[FileEntry]]
    row_files: int = 1
    named: NamedRows | None = None


@dataclass(frozen=True, slots=True)
class DoneShard:
    """An earlier shard by its blobs: those with its rows, and the part that each of its results is."""

    inputs: tuple[str, ...]
    files: tuple[tuple[str, FileEntry], ...]
    named: NamedRows | None


@dataclass(frozen=True, slots=True)
class ShardWork:
    """One shard to do: what to call on which blobs, the key of its result, and an earlier shard that it is like."""

    key: str
    function: str
    inputs: tuple[str, ...]
    config: BaseModel
    index: int
    done: DoneShard | None = None


def map_shards(
    store: ArtifactStore,
    identity: Identity,
    function: ShardFunction[ConfigT],
    shards: Sequence[Sequence[FileEntry]],
    config: ConfigT,
    progress: Progress | None = None,
    earlier: Earlier | None = None,
) -> list[FileEntry]:
    """Apply `function` to every shard and return the files it made, named `<part>/<shard index>.<suffix>`.

    Args:
        store: where finished shards are looked up; workers open their own.
        identity: the step's identity; part of every shard's key.
        function: a module-level function of a package (workers import it by name).
        shards: each shard is the input files of one call; the index of a shard names its outputs.
        config: passed to every call; what differs from its defaults enters the keys.
        progress: called with (shards done, shards in all).
        earlier: for a function of rows (`tasks.runtime.row_reuse`), shards whose rows are not done again.
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
    if earlier and not identity.is_refreshed():
        todo = [replace(item, done=_done_earlier(store, identity, item, earlier)) for item in todo]
    if finished and todo:
        logger.info("resuming: %d of %d shards are done already", len(finished), len(work))
    for item, record in _run(todo, store):
        finished[item.index] = record
        if progress:
            progress(len(finished), len(work))
    return [entry for item in work for entry in finished[item.index].values()]


def earlier_shards(
    store: ArtifactStore, artifacts: Sequence[str | None], shared: Sequence[FileEntry] = ()
) -> Earlier | None:
    """Earlier artifacts, by sha256, whose files stand side by side in a shard, before those that all shards share.

    None unless all of them are known and there.
    """
    known = [sha256 for sha256 in artifacts if sha256 is not None and store.has(f"artifacts/{sha256}")]
    if len(known) < len(artifacts):
        return None
    columns = [store.tree(sha256).files for sha256 in known]
    return Earlier([[*row, *shared] for row in zip(*columns, strict=True)], len(columns))


def made_before(
    store: ArtifactStore,
    identity: Identity,
    function: ShardFunction[ConfigT],
    shards: Sequence[Sequence[FileEntry]],
    config: ConfigT,
) -> list[FileEntry] | None:
    """What `map_shards` gives for these arguments without doing anything; None unless every shard is done."""
    name = f"{function.__module__}:{function.__qualname__}"
    keys = (_shard_key(identity, name, files, config) for files in shards)
    made = [finished_files(store, key, index) for index, key in enumerate(keys)]
    found = [files for files in made if files is not None]
    return [entry for files in found for entry in files.values()] if len(found) == len(made) else None


def run_shard(item: ShardWork, store: ArtifactStore | None = None) -> dict[str, FileEntry]:
    """Do one shard: read, call, store, record. Runs on a worker."""
    store = store or open_store()
    module, _, function = item.function.partition(":")
    call: ShardFunction[BaseModel] = getattr(importlib.import_module(module), function)
    inputs = Inputs(item.inputs, store.get_blob)
    if item.done:
        parts = rows_done_once(call, inputs, _read_done(store, item.done), item.config)
    else:
        parts = call(inputs, item.config)
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


def _done_earlier(
    store: ArtifactStore, identity: Identity, item: ShardWork, earlier: Earlier
) -> DoneShard | None:
    """The earlier shard in the place of a shard, if what it became is known by the same step, function and config."""
    if item.index >= len(earlier.shards):
        return None
    old = earlier.shards[item.index]
    made = finished_files(store, _shard_key(identity, item.function, old, item.config), item.index)
    if made is None:
        return None
    blobs = tuple(file.sha256 for file in old[: earlier.row_files])
    return DoneShard(blobs, tuple(made.items()), earlier.named)


def _read_done(store: ArtifactStore, done: DoneShard) -> Done:
    return Done(
        Inputs(done.inputs, store.get_blob),
        {
            part: Part(store.get_blob(entry.sha256), entry.rows, entry.name.partition(".")[2])
            for part, entry in done.files
        },
        done.named,
    )


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
