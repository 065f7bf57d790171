"""Measure the search service over HTTP: many queries a request, micro-batching against none, latency under load.

    python benchmarks/search_service.py [--corpus FILE --queries FILE] [--seconds S] [--rounds N]

CORPUS and QUERIES are `.jsonl` or `.jsonl.gz` with rows `id, text, title?` and `query`; without them it is the sample
corpus and its questions. Every server is a process of its own and the clients are this one, so that both share the
machine. Servers are measured in turns; what is printed is the median over the rounds, and ratios of those of one round.
"""

import argparse
import asyncio
import gzip
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import psutil
import uvicorn
from build_corpus import corpus_stage
from fastapi import FastAPI, Response

from datasets_registry.records import Document, JsonObject
from datasets_registry.sample.generate import generate
from infra.ports import next_free
from services.search.app import make_app
from services.search.config import ServiceConfig
from services.search.contract import SearchRequest, plain_hit
from services.search.source import Opened
from tasks.indexing.assemble import assemble
from tasks.indexing.config import IndexConfig
from tasks.indexing.shards import passages_shard, tokens_shard, vectors_shard
from tasks.retrieval.index import Index
from tasks.runtime.parts import decode_as, encode_rows

TOP_K = 5
LOADS = (("one", 1, 1), ("many", 1, 16), ("group", 16, 4))
"""A name, the queries of a request, the clients that ask."""
LOAD = 0.6
TURNED_AWAY = 60.0
"""Seconds that count for a request that was turned away."""


class Folder:
    """A source with one version, which is a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def in_force(self) -> str:
        """Always the one."""
        return "0" * 64

    def open(self, sha256: str) -> Opened:
        """Open it."""
        return Opened(Index.open(self._folder, intact=True), datetime.now(UTC), lambda: None)


def batching(folder: Path) -> FastAPI:
    """The service as it is."""
    return make_app(Folder(folder))


def one_by_one(folder: Path) -> FastAPI:
    """The service without micro-batching: a request at a time."""
    return make_app(Folder(folder), ServiceConfig(batch_queries=1))


def plain(folder: Path) -> FastAPI:
    """What one writes first: a handler that searches, run by FastAPI's threads."""
    index, app = Index.open(folder), FastAPI()

    @app.post("/v1/search")
    def search(body: SearchRequest) -> Response:
        found = index.search_many(body.asked, body.method or "hybrid", body.top_k or TOP_K)
        results = [
            {"query": query, "hits": [plain_hit(rank, hit) for rank, hit in enumerate(hits, start=1)]}
            for query, hits in zip(body.asked, found, strict=True)
        ]
        return Response(orjson.dumps({"results": results}), media_type="application/json")

    @app.get("/readyz")
    def readyz() -> None:
        index.search("市场")

    return app


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """The CPU time that it has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


SERVERS: dict[str, Callable[[Path], FastAPI]] = {
    "batching": batching,
    "one by one": one_by_one,
    "plain": plain,
}


def run_server(name: str, folder: Path, port: int) -> None:
    """Serve until killed."""
    uvicorn.run(SERVERS[name](folder), port=port, log_level="error", access_log=False)


@contextmanager
def running(name: str, folder: Path) -> Iterator[Server]:
    """A warm server, which ends with the block: its port and its process."""
    port = next_free(20_000 + random.randrange(20_000))
    process = multiprocessing.get_context("spawn").Process(target=run_server, args=(name, folder, port))
    process.start()
    try:
        with httpx.Client() as client:
            for _ in range(600):
                try:
                    if client.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                        break
                except httpx.ConnectError:
                    pass
                time.sleep(0.1)
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.join()


class Connection:
    """A connection that is kept: as little of HTTP as the clients need, so that they cost little beside the server."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def ask(self, body: bytes) -> bool:
        """Send a search and read its answer; False for one that was turned away."""
        if not hasattr(self, "_reader"):
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        head = f"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/json\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await self._reader.readexactly(length)
        return answer.startswith(b"HTTP/1.1 200")


def bodies(queries: Sequence[str], group: int) -> list[bytes]:
    """Requests of so many queries each; one query is asked as one."""
    if group == 1:
        return [orjson.dumps({"query": query, "top_k": TOP_K}) for query in queries]
    drawn = random.Random(1)
    return [orjson.dumps({"queries": drawn.sample(queries, group), "top_k": TOP_K}) for _ in range(200)]


async def closed_loop(port: int, asked: list[bytes], clients: int, seconds: float) -> float:
    """Requests a second when every client asks again as soon as it is answered."""
    answered, end = 0, time.perf_counter() + seconds

    async def client(number: int) -> None:
        nonlocal answered
        connection, place = Connection(port), number
        while time.perf_counter() < end:
            assert await connection.ask(asked[place % len(asked)]), "a closed loop never asks too much"
            answered, place = answered + 1, place + clients

    started = time.perf_counter()
    await asyncio.gather(*map(client, range(clients)))
    return answered / (time.perf_counter() - started)


async def open_loop(port: int, asked: list[bytes], rate: float, seconds: float) -> tuple[float, float]:
    """The p50 and p99 in milliseconds of requests that come at random times, `rate` a second, answered or not."""
    idle: list[Connection] = []
    latencies: list[float] = []
    drawn = random.Random(2)

    async def ask(body: bytes, due: float) -> None:
        connection = idle.pop() if idle else Connection(port)
        answered = await connection.ask(body)
        latencies.append(time.perf_counter() - due if answered else TURNED_AWAY)
        idle.append(connection)

    due, end, waiting, place = time.perf_counter(), time.perf_counter() + seconds, set(), 0
    while due < end:
        due += drawn.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(ask(asked[place % len(asked)], due))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
        place += 1
    await asyncio.gather(*waiting)
    cuts = statistics.quantiles(latencies[len(latencies) // 10 :], n=100)
    return 1000 * cuts[49], 1000 * cuts[98]


def measure(server: Server, queries: Sequence[str], seconds: float) -> dict[str, float]:
    """Queries a second and server CPU a query: one client, many, several queries a request; latencies at part load."""
    found: dict[str, float] = {}
    for name, group, clients in LOADS:
        asked = bodies(queries, group)
        asyncio.run(closed_loop(server.port, asked, clients, 1))
        before = server.cpu_seconds()
        rate = group * asyncio.run(closed_loop(server.port, asked, clients, seconds))
        found[f"{name} q/s"] = rate
        found[f"{name} us"] = 1e6 * (server.cpu_seconds() - before) / (rate * seconds)
    rate = LOAD * found["many q/s"]
    found["p50 ms"], found["p99 ms"] = asyncio.run(
        open_loop(server.port, bodies(queries, 1), rate, 2 * seconds)
    )
    return found


def write_index(folder: Path, documents: list[Document]) -> None:
    """Build an index as the flow does, in this process."""
    config = IndexConfig()
    passages = passages_shard([encode_rows(documents).data], config.passages)["passages"].data
    tokens = tokens_shard([passages], config.tokens)["tokens"].data
    vectors = vectors_shard([passages], config.embedding)["vectors"].data
    assemble(folder, [passages], [tokens], [vectors], config, "0" * 64)


def rows(path: Path) -> Iterator[JsonObject]:
    """The objects of a `.jsonl` or `.jsonl.gz` file."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def read_sets(arguments: argparse.Namespace) -> tuple[list[Document], list[str]]:
    """The documents and the queries."""
    if arguments.corpus:
        documents = [
            Document(str(row["id"]), str(row["text"] or ""), str(row.get("title") or ""), None, "", {})
            for row in rows(arguments.corpus)
        ]
        return documents, [str(row["query"]) for row in rows(arguments.queries)]
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        lines = gzip.decompress((Path(folder) / "documents.jsonl.gz").read_bytes()).splitlines()
        documents = list(decode_as(corpus_stage(lines)["documents"].data, Document))
        return documents, [str(row["query"]) for row in rows(Path(folder) / "questions.jsonl")]


OURS = "batching"
RATIOS = {
    "16 queries a request / single ones, 1 client: q/s": ((OURS, "group q/s"), (OURS, "one q/s")),
    "16 queries a request / single ones, 16 clients: q/s": ((OURS, "group q/s"), (OURS, "many q/s")),
    "p99 / p50 at 60 % load": ((OURS, "p99 ms"), (OURS, "p50 ms")),
} | {
    f"{title}, {clients}: {figure}": ((OURS, f"{load} {figure}"), (other, f"{load} {figure}"))
    for title, other in (("micro-batching / none", "one by one"), ("service / plain handler", "plain"))
    for clients, load in (("1 client", "one"), ("16 clients", "many"))
    for figure in ("q/s", "us")
}


def main() -> None:
    """Print a row a server, then the ratios."""
    parser = argparse.ArgumentParser(description="The search service over HTTP.")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    documents, queries = read_sets(arguments)
    rounds: list[dict[str, dict[str, float]]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "index"
        write_index(folder, documents)
        print(f"{Index.open(folder).manifest.passages} passages, {len(queries)} queries, top {TOP_K}, hybrid")
        for number in range(arguments.rounds):
            rounds.append({})
            for name in random.Random(number).sample(list(SERVERS), len(SERVERS)):
                with running(name, folder) as server:
                    rounds[-1][name] = measure(server, queries, arguments.seconds)
    for name in SERVERS:
        figures = {what: statistics.median(r[name][what] for r in rounds) for what in rounds[0][name]}
        print(f"{name:12}" + "  ".join(f"{what} {value:,.1f}" for what, value in figures.items()))
    for title, ((one, what), (other, than)) in RATIOS.items():
        ratios = sorted(found[one][what] / found[other][than] for found in rounds)
        print(f"{title:62} {statistics.median(ratios):.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
