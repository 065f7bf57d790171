"""A package registry over HTTP that serves a folder of wheels, and can stop in the middle of sending one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Registry(ThreadingHTTPServer):
    """Serves `/simple/NAME/` and `/files/WHEEL`; while it is stalled, of a wheel only the first bytes.

    Attributes:
        asked: Set when a wheel was asked for.
        released: Not set while wheels are held back.
    """

    daemon_threads = True

    def __init__(self, wheels: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.wheels = wheels
        self.asked = threading.Event()
        self.released = threading.Event()
        self.released.set()

    @property
    def index(self) -> str:
        """What `UV_DEFAULT_INDEX` has to be."""
        return f"http://127.0.0.1:{self.server_address[1]}/simple"

    def stall(self) -> None:
        """Hold wheels back from now on."""
        self.released.clear()


@contextmanager
def registry(wheels: Path) -> Iterator[Registry]:
    """A registry for the length of a `with` block."""
    server = Registry(wheels)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: Registry

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        if parts[0] == "simple" and len(parts) == 2:
            module = parts[1].replace("-", "_")
            names = sorted(path.name for path in self.server.wheels.glob(f"{module}-*.whl"))
            page = "".join(f'<a href="/files/{name}">{name}</a>' for name in names)
            self._send(page.encode(), "text/html")
        elif parts[0] == "files":
            wheel = (self.server.wheels / parts[1].replace("%2B", "+")).read_bytes()
            self._send(wheel, "application/octet-stream")
        else:
            self.send_error(404)

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if kind != "text/html":
            self.wfile.write(body[:10])
            self.wfile.flush()
            self.server.asked.set()
            self.server.released.wait()
            body = body[10:]
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is written."""
