"""A chat model over HTTP that says what a test wants, in the OpenAI protocol, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = Callable[[list[dict[str, str]]], str]


@contextmanager
def chat_server(reply: Reply, fail_first: int = 0) -> Iterator[tuple[str, list[list[dict[str, str]]]]]:
    """Yields the base URL and the list of message lists received; the first `fail_first` calls answer 500."""
    asked: list[list[dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body["messages"])
            failed = len(asked) <= fail_first
            message = {"role": "assistant", "content": reply(body["messages"])}
            answer = {
                "id": "1", "object": "chat.completion", "created": 0, "model": body["model"],
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            }  # fmt: skip
            data = json.dumps({"error": {"message": "busy"}} if failed else answer).encode()
            self.send_response(500 if failed else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
