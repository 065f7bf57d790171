"""Measure what a change of versions does to those who ask meanwhile: failed and mixed answers, latency, memory.

    python benchmarks/search_swaps.py [--swaps 200] [--rate 50] [--documents 1000]

Three versions of the sample corpus, whose document ids say which version they are of, are put in force in turn, each
when the one before answers, so that every one is opened anew. Requests come at random times at the rate, whether those
before are answered or not. Then the service with its own settings goes back a version ten times.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
from serving.clients import Connection, Reply, bodies, open_loop
from serving.servers import TOP_K, Folders, Server, read_sets, running, write_index

from tasks.retrieval.manifest import MANIFEST, file_sha256

MARKS = ("a", "b", "c")
SETTLED = 20
"""Swaps after which memory is first looked at: two versions are open then, and what is made once is made."""
ROLLBACKS = 10
QUERIES = 4
"""Queries a request, any of which may be answered by the wrong version."""


async def in_front(client: httpx.AsyncClient, wanted: str) -> None:
    """Wait until a version answers."""
    while (await client.get("/readyz")).json()["index"] != wanted:
        await asyncio.sleep(0.01)


async def swap(server: Server, folders: Folders, versions: list[str], swaps: int) -> list[float]:
    """Put the versions in force in turn; the memory in MiB before, after some, and after all."""
    memory = [server.mebibytes()]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as client:
        for number in range(1, swaps + 1):
            wanted = versions[number % len(versions)]
            folders.promote(wanted)
            await in_front(client, wanted)
            if number in (SETTLED, swaps):
                memory.append(server.mebibytes())
    return memory


async def under_load(
    server: Server, folders: Folders, versions: list[str], queries: list[str], swaps: int, rate: float
) -> tuple[list[Reply], list[float]]:
    """What clients got while versions changed, and the memory."""
    swapping = asyncio.create_task(swap(server, folders, versions, swaps))
    asked = bodies(queries, QUERIES, TOP_K)
    replies = await open_loop(server.port, asked, rate, lambda: not swapping.done())
    return replies, await swapping


def is_mixed(reply: Reply, marks: dict[str, str]) -> bool:
    """Whether an answer has a document of another version than it names, or too few of them."""
    answer = orjson.loads(reply.body)
    ids = [hit["id"] for result in answer["results"] for hit in result["hits"]]
    return {name[0] for name in ids} != {marks[answer["index"]]}


async def go_back(server: Server, folders: Folders, versions: list[str], query: bytes) -> list[float]:
    """Seconds from the pointer's move to the first answer of the other version, again and again."""
    seconds, connection = [], Connection(server.port)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as client:
        folders.promote(versions[1])
        await in_front(client, versions[1])
    for number in range(ROLLBACKS):
        await asyncio.sleep(random.Random(number).random())
        wanted, moved = versions[number % 2], time.perf_counter()
        folders.promote(wanted)
        while orjson.loads((await connection.ask(query, moved)).body)["index"] != wanted:
            await asyncio.sleep(0.01)
        seconds.append(time.perf_counter() - moved)
    return seconds


def main() -> None:
    """Print what failed, what was mixed, latencies, memory, and how long a step back takes."""
    parser = argparse.ArgumentParser(description="Versions that change under load.")
    parser.add_argument("--swaps", type=int, default=200)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--documents", type=int, default=1000)
    arguments = parser.parse_args()
    documents, queries = read_sets(None, None)
    with tempfile.TemporaryDirectory() as scratch:
        root, marks = Path(scratch), {}
        for mark in MARKS:
            marked = [replace(document, id=mark + document.id) for document in documents]
            write_index(root / mark, marked[: arguments.documents])
            name = file_sha256(root / mark / MANIFEST)
            marks[name] = mark
            (root / mark).rename(root / name)
        folders, versions = Folders(root), list(marks)
        folders.promote(versions[0])
        with running("swapping", root) as server:
            work = under_load(server, folders, versions, queries, arguments.swaps, arguments.rate)
            replies, memory = asyncio.run(work)
        with running("service", root) as server:
            back = asyncio.run(go_back(server, folders, versions, bodies(queries, 1, TOP_K)[0]))
    good = [reply for reply in replies if reply.status == 200]
    mixed = sum(is_mixed(reply, marks) for reply in good)
    print(f"{arguments.swaps} swaps, {len(replies)} requests of {QUERIES} queries at {arguments.rate:.0f}/s")
    failed = Counter(reply.status for reply in replies if reply.status != 200)
    print(f"failed {failed.total()} {dict(failed) or ''}, mixed {mixed}")
    cuts = statistics.quantiles([1000 * reply.seconds for reply in replies], n=100)
    print(f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms")
    one, two, last = memory
    print(
        f"MiB: {one:.0f} with one version, {two:.0f} after {SETTLED} swaps, {last:.0f} after all: {last / two:.2f}"
    )
    print(f"a step back: median {statistics.median(back):.2f} s, longest {max(back):.2f} s of {ROLLBACKS}")


if __name__ == "__main__":
    main()
