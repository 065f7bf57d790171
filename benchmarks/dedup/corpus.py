"""The corpus that tools are compared on: cleaned texts with planted copies, and their normalised form.

    python benchmarks/dedup/corpus.py FOLDER COUNT [--like GLOB]

The texts are those of GLOB themselves where they are enough, else invented after them. FOLDER gets `input/texts.jsonl`
(`id`, a row number, and `text`, normalised), `cleaned.jsonl` (the same, as they were) and `lines/` for the pipeline.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
from make import SEED, SHARD, write_shard
from plant import plant, wanted_texts
from texts import chain, read_texts, write

from tasks.corpus.cleaning import clean
from tasks.corpus.config import CleaningConfig, QualityConfig
from tasks.text.normalise import normalise_key


def main() -> None:
    """Write one corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--like")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    (folder / "input").mkdir(parents=True)
    (folder / "lines").mkdir()
    texts = plant(_texts(arguments.like, wanted_texts(arguments.count)), arguments.count, SEED)
    _write_rows(folder / "cleaned.jsonl", texts)
    _write_rows(folder / "input" / "texts.jsonl", [normalise_key(text) for text in texts])
    for shard, start in enumerate(range(0, len(texts), SHARD)):
        write_shard(folder, shard, texts[start : start + SHARD])


def read_keys(folder: Path) -> list[str]:
    """The normalised texts of a corpus."""
    return list(_read_rows(folder / "input" / "texts.jsonl"))


def read_cleaned(folder: Path) -> list[str]:
    """The texts of a corpus."""
    return list(_read_rows(folder / "cleaned.jsonl"))


def _texts(pattern: str | None, wanted: int) -> list[str]:
    """Cleaned texts that are long enough to stay: real ones, or invented ones where those are too few."""
    real = _long_enough(read_texts(pattern))
    if len(real) < wanted:
        return _long_enough(write(chain(real), 0, wanted + wanted // 10, SEED))
    random.Random(SEED).shuffle(real)
    return real


def _long_enough(raw: Sequence[str]) -> list[str]:
    cleaned = (clean(text, CleaningConfig())[0] for text in raw)
    return [text for text in cleaned if len(text) >= QualityConfig().min_characters]


def _write_rows(path: Path, texts: Sequence[str]) -> None:
    rows = (orjson.dumps({"id": str(row), "text": text}) for row, text in enumerate(texts))
    path.write_bytes(b"\n".join(rows) + b"\n")


def _read_rows(path: Path) -> Iterator[str]:
    with path.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)["text"]


if __name__ == "__main__":
    main()
