"""A server of the OpenAI protocol over HTTP that can be ready late, forget its key, or lose its template."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """How the server behaves; may be changed while it runs."""

    key: str = "k" * 20
    healthy_after: int = 0
    asks_for_key: bool = True
    prompt_tokens: int = 12
    status: int = 200
    seen: list[str] = field(default_factory=list)


@contextmanager
def openai_server(behaviour: Behaviour, port: int = 0) -> Iterator[int]:
    """Yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            behaviour.seen.append(self.path)
            self.answer(200 if behaviour.seen.count("/health") > behaviour.healthy_after else 503, {})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            known = self.headers.get("Authorization") == f"Bearer {behaviour.key}"
            if behaviour.asks_for_key and not known:
                self.answer(401, {"error": "no key"})
                return
            usage = {"prompt_tokens": behaviour.prompt_tokens, "completion_tokens": 3}
            choices = [{"message": {"role": "assistant", "content": "2"}}]
            self.answer(behaviour.status, {"choices": choices, "usage": usage})

        def answer(self, status: int, body: dict[str, object]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
