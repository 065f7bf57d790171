"""Vectors from any server that answers `POST /v1/embeddings` as OpenAI's does: vLLM, TEI, Ollama, a cloud.

Source of the format: https://platform.openai.com/docs/api-reference/embeddings. The key is read from the environment
where it is used, and is part of no error, log or manifest.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence

import httpx
import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.config import UrlEmbedding

URL = "FINLOOM_EMBED_URL"
PAUSES = (0.5, 2.0, 8.0)
"""Seconds before each further try."""
LONGEST_PAUSE = 60.0
"""The most that a server's Retry-After is obeyed."""
WORTH_A_TRY = {408, 409, 425, 429, 500, 502, 503, 504}
TIMEOUT = httpx.Timeout(120, connect=10)
SHOWN = 300
"""Characters of a server's complaint that are passed on."""


class EmbedderUnreachable(ConnectionError):
    """The server did not answer after all tries; a step that meets it is tried again later."""


class BadEmbeddings(ValueError):
    """The server refused the request, or answered with something else than the vectors that were asked for."""


class UrlEmbedder:
    """Asks the server batch by batch; safe to share between threads."""

    def __init__(self, embedding: UrlEmbedding, pause: Callable[[float], None] = time.sleep) -> None:
        """Nothing is asked before the first text; raises `BadEmbeddings` where neither config nor environment
        names a URL.
        """
        url = embedding.url or os.environ.get(URL, "")
        if not url:
            raise BadEmbeddings(
                f"the vectors of {embedding.model} come from a server, and neither its URL nor {URL} is set; "
                "set one of them"
            )
        self._embedding = embedding
        self._endpoint = f"{url.rstrip('/')}/embeddings"
        self._pause = pause
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()

    def queries(self, texts: Sequence[str], task: str | None = None) -> NDArray[np.float32]:
        """Unit rows `[texts, dimensions]`; the row of a query without letters or digits is zero.

        `task` is what the queries are for, instead of the instruction of the settings.
        """
        return self._rows(texts, lambda query: self._embedding.query_text(query, task))

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows `[texts, dimensions]`; the row of a passage without letters or digits is zero."""
        return self._rows(texts, lambda passage: self._embedding.passage_prefix + passage)

    def _rows(self, texts: Sequence[str], sent: Callable[[str], str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self._embedding.dimensions), np.float32)
        asked = [number for number, text in enumerate(texts) if any(map(str.isalnum, text))]
        for start in range(0, len(asked), self._embedding.batch):
            some = asked[start : start + self._embedding.batch]
            rows[some] = self._vectors(self._ask([sent(texts[number]) for number in some]), len(some))
        return rows

    def _ask(self, texts: list[str]) -> httpx.Response:
        """The server's answer, tried again while it is away or overloaded."""
        body = {"model": self._embedding.model, "input": texts, "encoding_format": "float"}
        said = ""
        for wait in (*PAUSES, None):
            try:
                answer = self._opened().post(self._endpoint, json=body, headers=self._headers())
            except httpx.TransportError as error:
                said, asked_for = f"{type(error).__name__}: {error}", None
            else:
                if answer.is_success:
                    return answer
                said = f"{answer.status_code} {self._complaint(answer)}"
                if answer.status_code not in WORTH_A_TRY:
                    raise BadEmbeddings(
                        f"{self._endpoint} refused {len(texts)} texts for model {self._embedding.model}: {said}"
                    )
                asked_for = answer.headers.get("retry-after")
            if wait is not None:
                self._pause(_seconds(asked_for, wait))
        raise EmbedderUnreachable(
            f"{self._endpoint} gave no vectors in {len(PAUSES) + 1} tries, the last time: {said}; "
            "see that it runs, what is embedded already is kept"
        )

    def _opened(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(timeout=TIMEOUT)
            return self._client

    def _headers(self) -> dict[str, str]:
        key = os.environ.get(self._embedding.key_variable)
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _complaint(self, answer: httpx.Response) -> str:
        """What a server said, without the key, which some repeat."""
        key = os.environ.get(self._embedding.key_variable)
        return (answer.text.replace(key, "***") if key else answer.text)[:SHOWN]

    def _vectors(self, answer: httpx.Response, wanted: int) -> NDArray[np.float32]:
        """Unit rows in the order of the texts."""
        shape = (wanted, self._embedding.dimensions)
        try:
            data = sorted(answer.json()["data"], key=lambda item: item["index"])
            rows = np.array([item["embedding"] for item in data], np.float32)
            complete = [item["index"] for item in data] == list(range(wanted))
        except (ValueError, KeyError, TypeError) as error:
            raise BadEmbeddings(
                f"{self._endpoint} answered {self._complaint(answer)!r}, wanted an OpenAI-style list of embeddings"
            ) from error
        if not complete or rows.shape != shape or not np.isfinite(rows).all():
            raise BadEmbeddings(
                f"{self._endpoint} gave vectors of shape {rows.shape}, wanted finite ones of shape {shape}; "
                f"set the dimensions of {self._embedding.model} as it gives them"
            )
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.maximum(norms, 1e-12), np.float32)


def _seconds(asked_for: str | None, otherwise: float) -> float:
    """What the server asks to wait, within reason."""
    return min(float(asked_for), LONGEST_PAUSE) if asked_for and asked_for.isdecimal() else otherwise
