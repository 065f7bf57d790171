"""A real server over HTTP on a free port, in front of small real indexes whose versions are folders."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from datasets_registry.records import Document
from services.search.app import make_app
from services.search.config import ServiceConfig
from services.search.source import Opened
from tasks.indexing.config import EmbeddingConfig, IndexConfig
from tasks.retrieval.config import UrlEmbedding
from tasks.retrieval.index import Index
from tasks.retrieval.manifest import MANIFEST, file_sha256
from tests.fakes.embedding_server import Behaviour, embedding_server
from tests.tasks.conftest import WriteIndex, write_index

__all__ = ["write_index"]

SUBJECTS = (
    "茅台净利润增长", "碳配额成交上涨", "央行利率下调", "基金净值回落", "债券发行扩大", "股东减持公告",
    "银行不良率下降", "保险保费收入", "券商佣金调整", "电价市场改革", "绿证交易启动", "钢铁产量压减",
    "航运指数走高", "黄金储备增加", "汇率中间价", "财政赤字安排",
)  # fmt: skip
KEY, TENANT_KEY = "k-" + "a" * 30, "k-" + "b" * 30


def documents(mark: str = "初版", tenant: str = "") -> list[Document]:
    """Sixteen documents of several passages; every passage says which version it belongs to."""
    return [
        Document(
            f"d{number:02d}",
            f"{subject}，版本为{mark}。据统计，{subject}，幅度为{number + 3}%，较上年变化{number}个百分点。"
            * 6,
            f"{subject}的通知",
            f"2024-{number % 12 + 1:02d}-01" if number % 5 else None,
            "交易所" if number % 2 else "央行",
            {
                "kind": "notice" if number % 3 else "news",
                "tenant": tenant,
                "input_file": "a.jsonl",
                "input_line": 7,
            },
        )
        for number, subject in enumerate(SUBJECTS)
    ]


@dataclass
class Folders:
    """A source whose versions are folders by name; `current` says which is in force, as a pointer does."""

    root: Path
    opened: int = 0
    closed: int = 0

    def add(self, folder: Path) -> str:
        """Take a folder in as a version; it is not in force yet."""
        name = file_sha256(folder / MANIFEST)
        (self.root / name).symlink_to(folder, target_is_directory=True)
        return name

    def promote(self, name: str | None) -> None:
        """Put a version in force."""
        new = self.root / "new"
        new.write_text(name or "")
        new.replace(self.root / "current")

    def in_force(self) -> str | None:
        return (self.root / "current").read_text() or None

    def open(self, sha256: str) -> Opened:
        self.opened += 1
        return Opened(Index.open(self.root / sha256, intact=True), datetime.now(UTC), self.close)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture(scope="session")
def first_folder(write_index: WriteIndex) -> Path:
    """An index of the documents."""
    return write_index(documents(), IndexConfig())


@pytest.fixture(scope="session")
def behaviour() -> Behaviour:
    """What the server that embeds for `instructed` is asked."""
    return Behaviour(dimensions=64)


@pytest.fixture(scope="session")
def instructed(behaviour: Behaviour, write_index: WriteIndex) -> Iterator[Path]:
    """An index of the documents by the Qwen3-Embedding of a server, which is told what queries are for."""
    with embedding_server(behaviour) as url:
        asked = EmbeddingConfig(
            kind="url", url=UrlEmbedding(model="qwen3-embedding:0.6b", dimensions=64, url=url)
        )
        yield write_index(documents(), IndexConfig(embedding=asked.by_itself()))


@pytest.fixture
def folders(tmp_path: Path, first_folder: Path) -> Folders:
    """A source with that index in force."""
    source = Folders(tmp_path)
    source.promote(source.add(first_folder))
    return source


Serve = Callable[[FastAPI], AbstractContextManager[httpx.Client]]


@contextmanager
def serving(app: FastAPI, wait: bool = True) -> Iterator[httpx.Client]:
    """A client of the app, which runs in uvicorn on a free port until the block ends."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server ended while starting"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            if wait:
                eventually(lambda: client.get("/readyz").status_code == 200)
            yield client
    finally:
        server.should_exit = True
        thread.join()


def eventually(condition: Callable[[], bool], patience: float = 30.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.01)


QUICK = ServiceConfig(poll_seconds=0.02)


@pytest.fixture
def client(folders: Folders) -> Iterator[httpx.Client]:
    """A client of an open server of the documents."""
    with serving(make_app(folders, QUICK)) as client:
        yield client
