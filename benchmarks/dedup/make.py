"""Write a corpus of any size for the pipeline: invented texts with planted copies, records, and noise.

    python benchmarks/dedup/make.py FOLDER COUNT [--like GLOB] [--records N] [--noise N]

FOLDER gets `lines/<shard>.jsonl.zst`, rows as `build_corpus` reads them, 4,000 a shard: COUNT texts, of which those of
noise are too short to stay, and records besides. Equal arguments give equal bytes.
"""

import argparse
import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

from plant import plant, record, wanted_texts
from texts import Chain, chain, read_texts, write

from datasets_registry.records import InputRow, JsonObject
from tasks.corpus.config import ReadingConfig
from tasks.corpus.shards import ReadLine
from tasks.runtime.parts import encode_rows

SHARD = ReadingConfig().rows_per_shard
SEED = 20261121
TOO_SHORT = 60


def main() -> None:
    """Write one corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--like", help="file, folder or glob of JSON lines; without it the sample corpus")
    parser.add_argument("--records", type=int, default=0)
    parser.add_argument("--noise", type=int, default=0)
    arguments = parser.parse_args()
    (arguments.folder / "lines").mkdir(parents=True)
    _invent(arguments, chain(read_texts(arguments.like)))


def _invent(arguments: argparse.Namespace, real: Chain) -> None:
    """Shard by shard, so that memory stays small; records and noise are spread over all."""
    shards = -(-(arguments.count + arguments.records) // SHARD)
    for shard in range(shards):
        share = [
            number * (shard + 1) // shards - number * shard // shards
            for number in (arguments.count, arguments.records, arguments.noise)
        ]
        count, records, noise = share
        rng = random.Random(SEED + shard)
        texts = write(real, shard * SHARD, wanted_texts(count - noise), SEED)
        made = plant(texts, count - noise, SEED + shard)
        rows: list[str | JsonObject] = [*made, *(text[:TOO_SHORT] for text in made[:noise])]
        rows += [record(rng) for _ in range(records)]
        rng.shuffle(rows)
        write_shard(arguments.folder, shard, rows)


def write_shard(folder: Path, shard: int, rows: Sequence[str | JsonObject]) -> None:
    """Write texts and records as the lines of a shard; ids count from `shard * SHARD`."""
    part = encode_rows(_line(shard, number, row) for number, row in enumerate(rows))
    (folder / "lines" / f"{shard:05d}.{part.suffix}").write_bytes(part.data)


def _line(shard: int, number: int, contents: str | JsonObject) -> ReadLine:
    text, fields = (contents, None) if isinstance(contents, str) else (None, contents)
    sha256 = hashlib.sha256(f"{shard} {number}".encode()).hexdigest()
    return ReadLine(
        InputRow(str(shard * SHARD + number), f"{shard}.jsonl", number, sha256, "", text, fields, "", None),
        None,
    )


if __name__ == "__main__":
    main()
