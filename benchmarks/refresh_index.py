"""What a night costs: 1 % of the documents new or changed, against the build of everything, in CPU seconds.

    python benchmarks/refresh_index.py [--input GLOB] [--documents N] [--set name=value ...]

Texts are cut into at most N documents of some 300 characters, so that a few large files give a large corpus; without
`--input` they are those of the sample corpus, a night of which costs little more than its start. A stack of its own is
started in an empty folder. `refresh-index` builds everything on the first night; on the second, half a per cent of the
documents are new and as many come again with another text. What is counted is `finloom run` and its workers, starts
included; the servers are not. `--set` is passed on to the flow.
"""

import argparse
import gzip
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import orjson

from datasets_registry.records import JsonObject
from datasets_registry.sample.generate import generate
from tasks.corpus.reading import find_files

FINLOOM = Path(sys.executable).with_name("finloom")
SENTENCE = re.compile(r"[^。！？]{4,}[。！？]?")
MARKUP = re.compile(r"<[^>]+>")
LONG_ENOUGH, SHORTEST = 340, 150
HALF_A_NIGHT = 200
"""One document in so many is new, and one comes again."""
QUALITY = ("quality.min_finance_words=0", "quality.min_chinese_share=0")
SEED = 1


def main() -> None:
    """Build everything, then the next night."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--input", help="file, folder or glob of JSON lines; without it the sample corpus")
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="NAME=VALUE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        arrivals = Path(scratch) / "arrivals"
        arrivals.mkdir()
        if not arguments.input:
            (Path(scratch) / "sample").mkdir()
            generate(Path(scratch) / "sample")
        pattern = arguments.input or f"{scratch}/sample/documents.jsonl.gz"
        documents = _documents(pattern, arguments.documents)
        with _stack(Path(scratch) / "home") as environment:
            costs = []
            for night, rows in enumerate(documents, start=1):
                (arrivals / f"night{night}.jsonl").write_bytes(
                    b"".join(orjson.dumps(row) + b"\n" for row in rows)
                )
                settings = [f"input={arrivals}", *QUALITY, *arguments.settings]
                costs.append(_run(f"night {night}, {len(rows)} documents", settings, environment))
    print(f"the second night costs {costs[1] / costs[0]:.3f} of the first")


def _documents(pattern: str, most: int) -> tuple[list[JsonObject], list[JsonObject]]:
    """Those of the first night and those of the second."""
    pieces = list(_pieces(pattern))
    random.Random(SEED).shuffle(pieces)
    count = min(most, len(pieces) * HALF_A_NIGHT // (HALF_A_NIGHT + 1))
    first, new = pieces[:count], pieces[count : count + count // HALF_A_NIGHT]
    changed = islice(first, 0, None, HALF_A_NIGHT)
    again = [row | {"text": f"{row['text']}另据报道，相关工作仍在推进。"} for row in changed]
    return first, [*new, *again]


def _pieces(pattern: str) -> Iterator[JsonObject]:
    """Neighbouring sentences of the texts, until they are long enough; none that begins like one before."""
    seen: set[str] = set()
    for path in find_files(pattern).values():
        for number, row in enumerate(_rows(path)):
            text = row.get("text")
            whole = MARKUP.sub("", text) if isinstance(text, str) else ""
            for place, piece in enumerate(_long_enough(SENTENCE.findall(whole))):
                if piece[:80] not in seen:
                    seen.add(piece[:80])
                    yield {
                        "id": f"{path.stem}-{number}-{place}",
                        "title": f"{row.get('title') or ''} {place}".strip(),
                        "text": piece,
                        "source": path.stem,
                        "published": row.get("published"),
                    }


def _rows(path: Path) -> Iterator[JsonObject]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def _long_enough(sentences: Sequence[str]) -> Iterator[str]:
    held = ""
    for sentence in sentences:
        held += sentence
        if len(held) > LONG_ENOUGH:
            yield held.strip()
            held = ""
    if len(held) > SHORTEST:
        yield held.strip()


@contextmanager
def _stack(home: Path) -> Iterator[Mapping[str, str]]:
    """A stack in a folder of its own; yields the environment of commands that use it."""
    environment = os.environ | {"FINLOOM_HOME": str(home)}
    try:
        subprocess.run([FINLOOM, "up"], env=environment, check=True, stdout=subprocess.DEVNULL)
        yield environment
    finally:
        subprocess.run([FINLOOM, "down"], env=environment, check=True, stdout=subprocess.DEVNULL)


def _run(name: str, settings: Sequence[str], environment: Mapping[str, str]) -> float:
    """Run the flow; the CPU seconds of its process and of all that this started and waited for."""
    command = [str(FINLOOM), "run", "refresh-index"]
    command += [word for setting in settings for word in ("--set", setting)]
    started = time.monotonic()
    child = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(said.decode("utf-8", "replace")[-2000:])
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{name}: {cpu:.1f} CPU s, {time.monotonic() - started:.0f} s", flush=True)
    return cpu


if __name__ == "__main__":
    main()
