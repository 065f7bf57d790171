"""Measure the search service over HTTP: many queries a request, micro-batching against none, latency under load.

    python benchmarks/search_service.py [--corpus FILE --queries FILE] [--seconds S] [--rounds N]

CORPUS and QUERIES are `.jsonl` or `.jsonl.gz` with rows `id, text, title?` and `query`; without them it is the sample
corpus and its questions. Every server is a process of its own and the clients are this one, so that both share the
machine. All servers run from start to end and are asked in turns of S seconds; a ratio is that of two turns of one
round, and printed are the median over the rounds and the middle half. The service runs twice: what the two differ by is
what the machine adds to every other ratio. Latencies are those at part load, in turns of their own.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import orjson
from serving.clients import bodies, closed_loop, open_loop
from serving.servers import TOP_K, Folders, Server, read_sets, running, write_index

from tasks.retrieval.index import Index

LOADS = (("one", 1, 1), ("many", 1, 16), ("group", 16, 1), ("groups", 16, 4))
"""A name, the queries of a request, the clients that ask."""
LOAD = 0.6
OPEN_SECONDS = 6
WARM_SECONDS = 1.0
MEASURED = ("service", "service again", "one by one", "plain")
PAIRS = (
    ("service / itself", "service again"),
    ("micro-batching / none", "one by one"),
    ("service / plain handler", "plain"),
)

Figures = dict[str, float]


def turn(server: Server, load: tuple[str, int, int], queries: Sequence[str], seconds: float) -> Figures:
    """Queries a second, and microseconds of the server's CPU a query, under one load."""
    name, group, clients = load
    before = server.cpu_seconds()
    rate = group * asyncio.run(closed_loop(server.port, bodies(queries, group, TOP_K), clients, seconds))
    return {f"{name} q/s": rate, f"{name} us": 1e6 * (server.cpu_seconds() - before) / (rate * seconds)}


def measure(
    servers: dict[str, Server], queries: Sequence[str], seconds: float, rounds: int
) -> list[dict[str, Figures]]:
    """The figures of every server under every load, round by round, in an order of chance."""
    found: list[dict[str, Figures]] = []
    for number in range(rounds):
        found.append({name: {} for name in servers})
        for load in LOADS:
            for name in random.Random(f"{number} {load}").sample(list(servers), len(servers)):
                found[-1][name] |= turn(servers[name], load, queries, seconds)
    return found


def latencies(server: Server, queries: Sequence[str], rate: float, log: Path) -> dict[str, Figures]:
    """How long requests take at a rate: as clients saw it, and as the server's own log has it."""
    asked = bodies(queries, 1, TOP_K)
    before = len(log.read_bytes().splitlines())
    end = time.perf_counter() + OPEN_SECONDS
    replies = asyncio.run(open_loop(server.port, asked, rate, lambda: time.perf_counter() < end))
    assert all(reply.status == 200 for reply in replies), "at part load nobody is turned away"
    own = [orjson.loads(line)["milliseconds"] for line in log.read_bytes().splitlines()[before:]]
    seen = [1000 * reply.seconds for reply in replies]
    return {"clients": _spread(seen[len(seen) // 10 :]), "server": _spread(own[len(own) // 10 :])}


def _spread(milliseconds: Sequence[float]) -> Figures:
    cuts = statistics.quantiles(milliseconds, n=100)
    return {"p50 ms": cuts[49], "p99 ms": cuts[98], "p99 / p50": cuts[98] / cuts[49]}


def _show(title: str, values: Sequence[float]) -> None:
    low, middle, high = statistics.quantiles(values, n=4)
    print(f"{title:56} {middle:.2f}  ({low:.2f} to {high:.2f})")


def ratios(found: list[dict[str, Figures]]) -> dict[str, list[float]]:
    """What is to be shown, each as the ratios of all rounds."""
    one = [figures["service"] for figures in found]
    shown = {
        "16 queries a request / 1, 1 client: q/s": [f["group q/s"] / f["one q/s"] for f in one],
        "16 queries a request, 4 clients / 1, 16 clients: q/s": [
            f["groups q/s"] / f["many q/s"] for f in one
        ],
    }
    for title, other in PAIRS:
        for clients, load in (("1 client", "one"), ("16 clients", "many")):
            for figure in ("q/s", "us"):
                what = f"{load} {figure}"
                shown[f"{title}, {clients}: {figure}"] = [f["service"][what] / f[other][what] for f in found]
    return shown


def main() -> None:
    """Print a row a server, then the ratios, then the latencies at part load."""
    parser = argparse.ArgumentParser(description="The search service over HTTP.")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--seconds", type=float, default=0.25)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    documents, queries = read_sets(arguments.corpus, arguments.queries)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        root = Path(scratch)
        write_index(root / ("0" * 64), documents)
        Folders(root).promote("0" * 64)
        passages = Index.open(root / ("0" * 64)).manifest.passages
        print(f"{passages} passages, {len(queries)} queries, top {TOP_K}, hybrid")
        servers = {name: stack.enter_context(running(name, root)) for name in MEASURED}
        measure(servers, queries, WARM_SECONDS, 1)
        found = measure(servers, queries, arguments.seconds, arguments.rounds)
        for name in servers:
            figures = {what: statistics.median(r[name][what] for r in found) for what in found[0][name]}
            print(f"{name:14}" + "  ".join(f"{what} {value:,.0f}" for what, value in figures.items()))
        for title, values in ratios(found).items():
            _show(title, values)
        rate = LOAD * statistics.median(r["service"]["many q/s"] for r in found)
        turns = [
            latencies(servers["service"], queries, rate, root / "service.jsonl")
            for _ in range(arguments.rounds)
        ]
        for whose, figures in turns[0].items():
            for figure in figures:
                _show(
                    f"at {rate:.0f} requests/s, by the {whose}: {figure}", [t[whose][figure] for t in turns]
                )


if __name__ == "__main__":
    main()
