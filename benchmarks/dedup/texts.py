"""Any number of texts as long as real ones and made of the same n-grams: pieces of real texts, chained.

A writer follows a real text and, every ten characters or so, goes on at another place where the same two characters
stand, near where it began. So all its 3-grams are those of real texts, about as often as there; texts share runs of
eight characters about as often; some of them are of one subject; and no real text comes back.

    python benchmarks/dedup/texts.py [--like GLOB] [--texts N]

compares the two: what makes joins slow is what many texts share, so invented texts that share less prove nothing.
"""

import argparse
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from datasets_registry.sample.generate import generate
from tasks.corpus.reading import find_files
from tasks.similarity.compiled import kernel, mix, seek
from tasks.similarity.join import Thresholds, self_join
from tasks.similarity.shingles import Shingles, code_points, shingle
from tasks.text.normalise import normalise_key

FOLLOW = 0.9
"""How often a writer goes on in the text that it follows, for each character."""
NEAR = 2
"""Else it goes on at one of so many places on either side of where its text began, so that it keeps to its subject."""
SHORTEST, LONGEST = 120, 20_000
"""Real texts of other lengths are left out."""
CHARACTER_BITS = 21


@dataclass(frozen=True, slots=True)
class Chain:
    """Real texts, one after the other, and for every place where else its last two characters stand.

    `codes` are their characters, a 0 behind each text; `starts` and `lengths` say where texts are. Places of one pair
    of characters are neighbours in `order`, ascending, from `bounds[pair[place]]` on.
    """

    codes: NDArray[np.uint32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    order: NDArray[np.int32]
    pair: NDArray[np.int32]
    bounds: NDArray[np.int64]


def chain(texts: Sequence[str]) -> Chain:
    """Read real texts."""
    points = code_points([f"{text}\0" for text in texts])
    codes = points.codes.astype(np.uint64)
    pairs = codes.copy()
    pairs[1:] |= codes[:-1] << np.uint64(CHARACTER_BITS)
    order = np.argsort(pairs, kind="stable").astype(np.int32)
    new = np.diff(pairs[order], prepend=~pairs[order[:1]]) != 0
    pair = np.empty_like(order)
    pair[order] = np.cumsum(new, dtype=np.int32) - 1
    bounds = np.append(np.flatnonzero(new), len(order))
    lengths = np.diff(points.offsets) - 1
    return Chain(points.codes, points.offsets[:-1], lengths, order, pair, bounds)


def write(real: Chain, first: int, count: int, seed: int) -> list[str]:
    """Texts number `first` and following; each depends on its number and the seed alone."""
    offsets, codes = _write(
        real.codes, real.starts, real.lengths, real.order, real.pair, real.bounds, first, count, seed
    )
    data = codes.astype("<u4").tobytes()
    edges = (4 * offsets).tolist()
    return [data[edges[row] : edges[row + 1]].decode("utf-32-le") for row in range(count)]


@kernel
def _draw(state: NDArray[np.uint64], below: int) -> np.int64:
    """A number from 0 on; the generator is splitmix64."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mix(state[0]) >> np.uint64(11)) % np.uint64(below))


@kernel
def _write(
    codes: NDArray[np.uint32],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    order: NDArray[np.int32],
    pair: NDArray[np.int32],
    bounds: NDArray[np.int64],
    first: int,
    count: int,
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Offsets and characters of `count` texts; the first arguments are the fields of a `Chain`."""
    state = np.empty(1, np.uint64)
    offsets = np.zeros(count + 1, np.int64)
    for text in range(count):
        state[0] = mix(np.uint64(seed) << np.uint64(32) | np.uint64(first + text))
        offsets[text + 1] = offsets[text] + lengths[_draw(state, len(lengths))]
    written = np.empty(offsets[-1], np.uint32)
    for text in range(count):
        state[0] = ~mix(np.uint64(seed) << np.uint64(32) | np.uint64(first + text))
        home = place = starts[_draw(state, len(starts))]
        for at in range(offsets[text], offsets[text + 1]):
            while codes[place] == 0:
                place = starts[_draw(state, len(starts))]
            written[at] = codes[place]
            if _draw(state, 1000) >= np.int64(1000 * FOLLOW):
                low, high = bounds[pair[place]], bounds[pair[place] + 1]
                middle = seek(order, low, high, home)
                low, high = max(low, middle - NEAR), min(high, middle + NEAR + 1)
                place = order[low + _draw(state, high - low)]
            place += 1
    return offsets, written


def read_texts(pattern: str | None) -> list[str]:
    """The texts of JSON lines, `.gz` or not; those of the sample corpus where there is no pattern."""
    if pattern is None:
        pattern = str(sample())
    rows = (row for path in find_files(pattern).values() for row in _rows(path))
    texts = (str(row.get("text") or "") for row in rows)
    return [text for text in texts if SHORTEST <= len(text) <= LONGEST]


def sample() -> Path:
    """The sample corpus, made where it is not there yet."""
    folder = Path(__file__).parents[2] / ".finloom" / "bench" / "sample"
    if not (folder / "documents.jsonl.gz").exists():
        folder.mkdir(parents=True, exist_ok=True)
        generate(folder)
    return folder / "documents.jsonl.gz"


def _rows(path: Path) -> Iterator[dict[str, object]]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def frequencies(shingles: Shingles) -> NDArray[np.int64]:
    """In how many texts each token stands, in the shape of `tokens`."""
    _, number, counts = np.unique(shingles.tokens, return_inverse=True, return_counts=True)
    found: NDArray[np.int64] = counts[number]
    return found


def describe(texts: Sequence[str]) -> dict[str, float]:
    """What the cost of a join depends on; shares are of an average text."""
    keys = [normalise_key(text) for text in texts]
    grams, phrases = shingle(keys, 3), shingle(keys, 8)
    in_texts, phrase_in_texts = frequencies(grams), frequencies(phrases)
    pairs = self_join(grams, Thresholds(0.1, 0.8))
    jaccard = pairs.overlap / (grams.sizes[pairs.x] + grams.sizes[pairs.y] - pairs.overlap)
    many = len(texts) / 100
    shown = {
        "characters of a normalised text": float(np.mean([len(key) for key in keys])),
        "distinct 3-grams of a text": float(np.mean(grams.sizes)),
        "share of its 3-grams in no other text": float(np.mean(in_texts == 1)),
        "share of its 3-grams in 2 to 10 texts": float(np.mean((in_texts > 1) & (in_texts <= 10))),
        "share of its 3-grams in more than 1 % of texts": float(np.mean(in_texts > many)),
        "texts that hold one of its 3-grams, on average": float(np.mean(in_texts)),
        "share of its 8-grams in another text": float(np.mean(phrase_in_texts > 1)),
        "texts that hold one of its 8-grams, on average": float(np.mean(phrase_in_texts)),
    }
    for low, high in ((0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.4, 1.01)):
        found = np.count_nonzero((jaccard >= low) & (jaccard < high)) / len(texts)
        shown[f"pairs of Jaccard {low:.1f} to {min(high, 1):.1f}, for a text"] = found
    return shown


def main() -> None:
    """Print the figures of real and of invented texts side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--like", help="file, folder or glob of JSON lines; without it the sample corpus")
    parser.add_argument("--texts", type=int, default=4000)
    arguments = parser.parse_args()
    real = read_texts(arguments.like)
    step = max(1, len(real) // arguments.texts)
    some = real[::step][: arguments.texts]
    invented = write(chain(real), 0, len(some), 1)
    print(f"{arguments.like or 'sample'}: {len(real)} texts; figures of {len(some)}   real  invented")
    for (name, value), other in zip(describe(some).items(), describe(invented).values(), strict=True):
        print(f"  {name:50} {value:9.3f} {other:9.3f}")


if __name__ == "__main__":
    main()
