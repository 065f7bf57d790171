"""A server of OpenAI's embeddings protocol over HTTP that can be away, overloaded, or answer nonsense."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tasks.retrieval.hashing import HashEmbedder


@dataclass
class Behaviour:
    """How the server behaves, and what it was asked; may be changed while it runs.

    The first answers have the statuses of `failures`; a request with the words `refuses` in it is bad.
    `length` multiplies its vectors, which are those of hashing.
    """

    dimensions: int = 64
    length: float = 3.0
    key: str | None = None
    failures: list[int] = field(default_factory=list)
    refuses: str | None = None
    backwards: bool = False
    body: bytes | None = None
    asked: list[list[str]] = field(default_factory=list)
    models: set[str] = field(default_factory=set)


@contextmanager
def embedding_server(behaviour: Behaviour) -> Iterator[str]:
    """Yields the URL, up to and with `/v1`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            behaviour.asked.append(request["input"])
            behaviour.models.add(request["model"])
            said = self.headers.get("Authorization")
            if behaviour.failures:
                self.answer(behaviour.failures.pop(0), b'{"error": "overloaded"}')
            elif behaviour.refuses and any(behaviour.refuses in text for text in request["input"]):
                self.answer(400, b"I do not like it")
            elif behaviour.key and said != f"Bearer {behaviour.key}":
                self.answer(401, f"wrong key: {said}".encode())
            else:
                self.answer(200, behaviour.body or self.vectors(request["input"]))

        def vectors(self, texts: list[str]) -> bytes:
            rows = behaviour.length * HashEmbedder(behaviour.dimensions).embed(texts)
            data = [{"index": number, "embedding": row.tolist()} for number, row in enumerate(rows)]
            return json.dumps({"data": data[::-1] if behaviour.backwards else data}).encode()

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Retry-After", "7")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
