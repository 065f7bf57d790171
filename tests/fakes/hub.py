"""Hugging Face and ModelScope over HTTP, with a second server that the bytes of large files come from.

It lists in pages, redirects, honours Range, asks for a token, and misbehaves as a test tells it to: connections that
break, other bytes than promised, names that leave the folder.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = ".safetensors"
LINES_A_PAGE = 2


@dataclass
class FakeHub:
    """Repositories by `models/OWNER/NAME` or `datasets/OWNER/NAME`, and how the hub is to behave."""

    repositories: dict[str, dict[str, bytes]]
    commit: str = "a" * 40
    token: str = ""
    """Where set, only who sends it is let in."""

    cuts: dict[str, list[int]] = field(default_factory=dict)
    """How many bytes of a file's body the next answers bring before the connection breaks."""

    instead: dict[str, bytes] = field(default_factory=dict)
    """The bytes that a file is served with, whatever was listed."""

    busy: int = 0
    """How many answers about bytes are 503 first."""

    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Every request: server, path, headers with lower-case names."""

    url: str = ""
    cdn: str = ""

    def paths(self, server: str) -> list[str]:
        """The paths that one of the two servers was asked for."""
        return [path for asked, path, _ in self.asked if asked == server]

    def lines(self, repository: str) -> list[dict[str, object]]:
        """The listing of a repository as Hugging Face gives it."""
        lines: list[dict[str, object]] = [{"type": "directory", "path": "folder", "oid": "f" * 40, "size": 0}]
        for path, content in self.repositories[repository].items():
            oid = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
            line: dict[str, object] = {"type": "file", "path": path, "oid": oid, "size": len(content)}
            if path.endswith(LARGE):
                line["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}
            lines.append(line)
        return lines

    def modelscope_lines(self, repository: str) -> list[dict[str, object]]:
        """The same as ModelScope gives it."""
        files = self.repositories[repository].items()
        return [{"Path": "folder", "Type": "tree", "Size": 0, "Sha256": ""}] + [
            {
                "Path": path,
                "Type": "blob",
                "Size": len(content),
                "Sha256": hashlib.sha256(content).hexdigest(),
            }
            for path, content in files
        ]


class Handler(BaseHTTPRequestHandler):
    """Both servers; `role` says which of them answers."""

    protocol_version = "HTTP/1.1"
    hub: FakeHub
    role: str

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.asked.append((self.role, self.path, headers))
        path, query = unquote(urlsplit(self.path).path), parse_qs(urlsplit(self.path).query)
        if self.role == "cdn":
            self.send_file(path.removeprefix("/"))
        elif self.hub.token and headers.get("authorization") != f"Bearer {self.hub.token}":
            self.send(401, b"", {"X-Error-Code": "GatedRepo"})
        elif path.startswith("/api/v1/"):
            self.modelscope(path.removeprefix("/api/v1/"), query)
        elif path.startswith("/api/"):
            self.huggingface(path.removeprefix("/api/"), query)
        else:
            self.resolve(path)

    do_HEAD = do_GET

    def huggingface(self, path: str, query: dict[str, list[str]]) -> None:
        repository, _, rest = (
            path.partition("/revision/") if "/revision/" in path else path.partition("/tree/")
        )
        if repository not in self.hub.repositories:
            self.send(401, b"", {"X-Error-Code": "RepoNotFound"})
        elif "/revision/" in path:
            known = rest in ("main", self.hub.commit)
            self.send_json({"sha": self.hub.commit}) if known else self.send(
                404, b"", {"X-Error-Code": "RevisionNotFound"}
            )
        else:
            lines, start = self.hub.lines(repository), int(query.get("cursor", ["0"])[0])
            page = lines[start : start + LINES_A_PAGE]
            following = start + LINES_A_PAGE
            # Mirrors often leave the first hub's address in here.
            link = f'<http://other.invalid/api?recursive=true&cursor={following}>; rel="next"'
            self.send_json(page, {"Link": link} if following < len(lines) else {})

    def modelscope(self, path: str, query: dict[str, list[str]]) -> None:
        if path.endswith(("/repo/files", "/repo/tree")):
            lines = self.hub.modelscope_lines(path.rsplit("/repo/", 1)[0])
            if "PageNumber" in query:
                number, size = int(query["PageNumber"][0]), int(query["PageSize"][0])
                lines = lines[(number - 1) * size : number * size]
            self.send_json({"Code": 200, "Data": {"Files": lines, "LatestCommitter": {"Id": ""}}})
        else:
            self.send_file(f"{path.removesuffix('/repo')}/{query['FilePath'][0]}")

    def resolve(self, path: str) -> None:
        kind = "" if path.startswith("/datasets/") else "models/"
        repository, _, file = path.removeprefix("/").partition("/resolve/")
        name = f"{kind}{repository}/{file.split('/', 1)[1]}"
        if self.hub.busy:
            self.hub.busy -= 1
            self.send(503, b"")
        elif file.endswith(LARGE):
            self.send(302, b"", {"Location": f"{self.hub.cdn}/{name}"})
        else:
            self.send_file(name)

    def send_file(self, name: str) -> None:
        repository = next((known for known in self.hub.repositories if name.startswith(f"{known}/")), "")
        path = name.removeprefix(f"{repository}/")
        if path not in self.hub.repositories.get(repository, {}):
            self.send(404, b"")
            return
        content = self.hub.instead.get(path, self.hub.repositories[repository][path])
        headers = {"ETag": f'"{hashlib.md5(content).hexdigest()}"'}
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        cuts = self.hub.cuts.get(path)
        self.send(206 if start else 200, content[start:], headers, cuts.pop(0) if cuts else None)

    def send_json(self, value: object, headers: dict[str, str] | None = None) -> None:
        self.send(200, json.dumps(value).encode(), headers)

    def send(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        self.close_connection = cut is not None

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def fake_hub(repositories: dict[str, dict[str, bytes]]) -> Iterator[FakeHub]:
    """Yields the hub while its two servers run."""
    hub = FakeHub(repositories)
    servers = []
    for role in ("hub", "cdn"):
        handler = type("RoleHandler", (Handler,), {"hub": hub, "role": role})
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
    hub.url, hub.cdn = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
