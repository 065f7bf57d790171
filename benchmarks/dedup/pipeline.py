"""A corpus of lines through cleaning, the five layers and the last decisions, in two processes, each step measured.

    python benchmarks/dedup/pipeline.py FOLDER [--processes N]

The shard functions are the product's own, called in the order of `build_corpus`, with files in FOLDER where that has an
object store and a pool of processes where it has Dask. What is left out: reading the raw files, the servers, describing
the largest families and writing reports. FOLDER gets `steps.json`.
"""

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel

from tasks.corpus.config import CleaningConfig, QualityConfig
from tasks.corpus.shards import CleanShard, Nothing, clean_lines, settle_lines
from tasks.dedup.blocks import compare_blocks, describe_block, gather_texts, settle_block
from tasks.dedup.config import DedupConfig
from tasks.dedup.rank import Candidate, blocks, ranked
from tasks.dedup.rounds import BlockFiles, inputs_of_round, rounds
from tasks.dedup.rows import Member, Outcome, Place
from tasks.dedup.verdicts import guarded, verdicts
from tasks.runtime.parts import Inputs, decode_as, decode_rows, encode_rows
from tasks.runtime.shards import ShardFunction

ConfigT = TypeVar("ConfigT", bound=BaseModel)

CLEAN = CleanShard(cleaning=CleaningConfig(), quality=QualityConfig(min_finance_words=0, min_chinese_share=0))
"""Every text of length stays: invented texts have as many finance words as their models, which may be none."""
DEDUP = DedupConfig()
AS_DASK_SETS = {"MALLOC_TRIM_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
"""What the product's workers have in their environment: freed memory goes back at once, libraries use one thread."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a shard function: on which files, and what the names of its own begin with."""

    function: ShardFunction[BaseModel]
    inputs: tuple[Path, ...]
    config: BaseModel
    output: str


@dataclass(slots=True)
class Step:
    """What a step of the pipeline cost: calls, and CPU and wall seconds."""

    calls: int = 0
    cpu: float = 0.0
    wall: float = 0.0


@dataclass(slots=True)
class Steps:
    """The steps so far, and the processes that do their work."""

    pool: Pool
    of: dict[str, Step] = field(default_factory=dict)

    def map(self, name: str, calls: Sequence[Call]) -> list[dict[str, Path]]:
        """Do calls side by side as part of a step; the files of each, by part."""
        started = time.monotonic()
        step = self.of.setdefault(name, Step())
        made = []
        for files, cpu in self.pool.imap(_do, calls):
            made.append(files)
            step.cpu += cpu
        step.calls += len(calls)
        step.wall += time.monotonic() - started
        return made

    @contextmanager
    def own(self, name: str) -> Iterator[None]:
        """Measure what this process itself does as a step."""
        started, cpu = time.monotonic(), time.process_time()
        yield
        self.of[name] = Step(1, time.process_time() - cpu, time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class Order:
    """How many texts each block has, the copies with their originals, and where every shard's texts go."""

    sizes: list[int]
    copies: dict[str, str]
    places: list[Path]


def main() -> None:
    """Run all steps on FOLDER and write what they cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    (folder / "parts").mkdir(exist_ok=True)
    os.environ |= AS_DASK_SETS
    with get_context("spawn").Pool(arguments.processes) as pool:
        steps = Steps(pool)
        found = run(folder, steps)
    report = {"steps": {name: asdict(step) for name, step in steps.of.items()}, "found": found}
    (folder / "steps.json").write_text(json.dumps(report))


def run(folder: Path, steps: Steps) -> dict[str, int]:
    """All steps; what became of the lines, counted."""
    parts = folder / "parts"
    lines = sorted((folder / "lines").iterdir())
    cleaned = steps.map(
        "clean", [_call(clean_lines, [path], CLEAN, parts, "clean", path.stem) for path in lines]
    )
    order = _rank([each["candidates"] for each in cleaned], parts, steps)
    described = _describe([each["entries"] for each in cleaned], order, parts, steps)
    _compare(described, parts, steps)
    gone = _conclude(described, order.copies, parts, steps)
    pairs = [(each["entries"], gone) for each in cleaned]
    settled = steps.map(
        "last decisions",
        [
            _call(settle_lines, pair, Nothing(), parts, "last", f"{shard:05d}")
            for shard, pair in enumerate(pairs)
        ],
    )
    fates = Counter(
        str(row["decision"]) for each in settled for row in decode_rows(each["decisions"].read_bytes())
    )
    layers = Counter(f"by {row['layer']}" for row in decode_rows(gone.read_bytes()))
    return {"compared": sum(order.sizes), "blocks": len(order.sizes), **fates, **layers}


def _do(call: Call) -> tuple[dict[str, Path], float]:
    """One call in a worker; its files by part, and its CPU seconds, with those for reading and writing them."""
    started = time.process_time()
    made = call.function(Inputs([str(path) for path in call.inputs], _read), call.config)
    files = {}
    for name, part in made.items():
        files[name] = Path(f"{call.output}-{name}.{part.suffix}")
        files[name].write_bytes(part.data)
    return files, time.process_time() - started


def _read(name: str) -> bytes:
    return Path(name).read_bytes()


def _call(
    function: ShardFunction[ConfigT],
    inputs: Iterable[Path],
    config: ConfigT,
    parts: Path,
    step: str,
    index: str,
) -> Call:
    return Call(
        cast(ShardFunction[BaseModel], function),
        tuple(inputs),
        config,
        f"{parts}/{step}-{index.split('.')[0]}",
    )


def _rank(candidates: Sequence[Path], parts: Path, steps: Steps) -> Order:
    """What `find_duplicates` does before its first shards: texts in rank order, cut into blocks."""
    with steps.own("rank"):
        shards = [list(decode_as(path.read_bytes(), Candidate)) for path in candidates]
        order, copies = ranked((candidate for shard in shards for candidate in shard), DEDUP)
        cut = blocks(order, DEDUP)
        place = {
            each.id: Place(each.id, block, row)
            for block, names in enumerate(cut)
            for row, each in enumerate(names)
        }
        places = [
            _written(parts / f"places-{shard:05d}", (place[each.id] for each in rows if each.id in place))
            for shard, rows in enumerate(shards)
        ]
    return Order([len(block) for block in cut], copies, places)


def _describe(entries: Sequence[Path], order: Order, parts: Path, steps: Steps) -> list[BlockFiles[Path]]:
    gathered = steps.map(
        "gather",
        [
            _call(gather_texts, pair, DEDUP, parts, "gathered", f"{shard:05d}")
            for shard, pair in enumerate(zip(entries, order.places, strict=True))
        ],
    )
    pieces = [
        [files[name] for files in gathered if (name := f"texts-{block:05d}") in files]
        for block in range(len(order.sizes))
    ]
    made = steps.map(
        "describe",
        [
            _call(describe_block, files, DEDUP, parts, "block", f"{block:05d}")
            for block, files in enumerate(pieces)
        ],
    )
    return [BlockFiles(files["features"], files["texts"], files["members"]) for files in made]


def _compare(described: Sequence[BlockFiles[Path]], parts: Path, steps: Steps) -> None:
    """Decide block after block, in the rounds of `find_duplicates`."""
    plan = rounds((), described, lambda block: block.features.stat().st_size, DEDUP.compared_mib << 20)
    for number, (better, later) in enumerate(plan):
        name, work = ("settle", settle_block) if better is later else ("compare", compare_blocks)
        calls = [
            _call(work, files, DEDUP, parts, f"{name}-{number:05d}", f"{place:05d}")
            for place, files in enumerate(inputs_of_round(better, later))
        ]
        made = steps.map(name, calls)
        for block, files in zip(later, made, strict=True):
            block.outcomes = [files["outcomes"]]


def _conclude(
    described: Sequence[BlockFiles[Path]], copies: Mapping[str, str], parts: Path, steps: Steps
) -> Path:
    """The verdicts on all texts."""
    with steps.own("verdicts"):
        members = [list(decode_as(block.members.read_bytes(), Member)) for block in described]
        outcomes = [list(decode_as(block.outcomes[0].read_bytes(), Outcome)) for block in described]
        gone = _written(parts / "verdicts", verdicts(members, outcomes, copies))
        _written(parts / "guarded", guarded(members, outcomes, DEDUP))
    return gone


def _written(path: Path, rows: Iterable[object]) -> Path:
    path.write_bytes(encode_rows(rows).data)
    return path


if __name__ == "__main__":
    main()
