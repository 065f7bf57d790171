"""The servers that are measured: the service, the same without micro-batching, and what one would write first."""

import gc
import gzip
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Iterator
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
from retrieval import document_of, rows_of

from datasets_registry.records import Document
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
IN_FORCE = "in-force"
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Folders:
    """A source whose versions are folders in `root`; a file there names the one in force, as a pointer does."""

    root: Path

    def promote(self, name: str) -> None:
        """Put a version in force at once, as one that is half written never is."""
        new = self.root / f"{IN_FORCE}.new"
        new.write_text(name)
        new.replace(self.root / IN_FORCE)

    def in_force(self) -> str | None:
        """See `services.search.source.Source`."""
        file = self.root / IN_FORCE
        return file.read_text() if file.exists() else None

    def open(self, sha256: str) -> Opened:
        """See `services.search.source.Source`."""
        index = Index.open(self.root / sha256, intact=True)
        return Opened(index, datetime.now(UTC), index.close)


def service(root: Path) -> FastAPI:
    """The service as it is, with its log."""
    return make_app(Folders(root), log=(root / "service.jsonl").open("ab"), on_ready=gc.freeze)


def one_by_one(root: Path) -> FastAPI:
    """The service without micro-batching: a request at a time."""
    log = (root / "one-by-one.jsonl").open("ab")
    return make_app(Folders(root), ServiceConfig(batch_queries=1), log=log, on_ready=gc.freeze)


def swapping(root: Path) -> FastAPI:
    """The service, which looks for another version ten times a second."""
    log = (root / "swapping.jsonl").open("ab")
    return make_app(Folders(root), ServiceConfig(poll_seconds=POLL_SECONDS), log=log, on_ready=gc.freeze)


def plain(root: Path) -> FastAPI:
    """What one writes first: a handler that searches, run by FastAPI's threads; no log, no figures, no limits."""
    source = Folders(root)
    index, app = Index.open(root / str(source.in_force())), FastAPI()

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


SERVERS: dict[str, Callable[[Path], FastAPI]] = {
    "service": service,
    "service again": service,
    "one by one": one_by_one,
    "plain": plain,
    "swapping": swapping,
}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """The CPU time that it has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def mebibytes(self) -> float:
        """The memory that is its own, files that are mapped left out."""
        return float(self.process.memory_full_info().uss) / 2**20


def run_server(name: str, root: Path, port: int) -> None:
    """Serve until killed."""
    uvicorn.run(SERVERS[name](root), port=port, log_level="error", access_log=False)


@contextmanager
def running(name: str, root: Path) -> Iterator[Server]:
    """A warm server in a process of its own, which ends with the block."""
    port = next_free(20_000 + random.randrange(20_000))
    process = multiprocessing.get_context("spawn").Process(target=run_server, args=(name, root, port))
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


def write_index(folder: Path, documents: list[Document]) -> None:
    """Build an index as the flow does, in this process."""
    config = IndexConfig()
    passages = passages_shard([encode_rows(documents).data], config.passages)["passages"].data
    tokens = tokens_shard([passages], config.tokens)["tokens"].data
    vectors = vectors_shard([passages], config.embedding)["vectors"].data
    assemble(folder, [passages], [tokens], [vectors], config, "0" * 64)


def read_sets(corpus: Path | None, queries: Path | None) -> tuple[list[Document], list[str]]:
    """The documents and the queries of two files; without them the sample corpus and its questions."""
    if corpus and queries:
        return [document_of(row) for row in rows_of(corpus)], [str(row["query"]) for row in rows_of(queries)]
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        lines = gzip.decompress((Path(folder) / "documents.jsonl.gz").read_bytes()).splitlines()
        documents = list(decode_as(corpus_stage(lines)["documents"].data, Document))
        return documents, [str(row["query"]) for row in rows_of(Path(folder) / "questions.jsonl")]
