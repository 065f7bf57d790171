"""One JSON line a request: who asked what, what was found, by which version of the index, how fast."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO

import orjson
from pydantic import JsonValue

from services.search.api_keys import ApiKey


@dataclass(slots=True)
class Entry:
    """What becomes known of a request while it is answered; `details` are written as they are."""

    request_id: str
    key: ApiKey | None = None
    details: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def tenant(self) -> str | None:
        """Whose documents may be seen besides those of nobody."""
        return self.key.tenant if self.key else None


class RequestLog:
    """Appends lines to an open file, each by one write; `None` for a server that keeps no log."""

    def __init__(self, out: BinaryIO | None, queries: bool) -> None:
        """With `queries` off, what was asked is left out and counted instead."""
        self._out = out
        self._queries = queries
        self._lock = threading.Lock()

    def write(self, path: str, status: int, milliseconds: float, entry: Entry) -> None:
        """Write the line of a request that has been answered."""
        if self._out is None:
            return
        line: dict[str, JsonValue] = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "request_id": entry.request_id,
            "key": entry.key.key_id if entry.key else None,
            "path": path,
            "status": status,
            "milliseconds": round(milliseconds, 3),
        } | entry.details
        asked = line.get("queries")
        if not self._queries and isinstance(asked, list):
            line["queries"] = len(asked)
        with self._lock:
            self._out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            self._out.flush()
